/* What the loader makes of files and bytes that are no scenario. */
#include "tests/unit/scenario/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_line_ends_and_byte_order_marks_do_not_matter(void **state)
{
    expect_good(load("\xef\xbb\xbf", head, one_rollup));
    expect_good(load("version: 1\r\nname: t\r\n", "seed: 1\r\n", "rollups: {A: {}}\r\n"));
    expect_good(load("---\n", head, "rollups: {A: {}}\n...\n"));
    expect_good(load(head, one_rollup, "description: \"a [ [ [ '# \\\" } b\" # [ [\n"));
    expect_good(load(head, one_rollup, "description: |\n  it's [ many\n  lines\n"));
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
    expect_refusal(load_bytes("", 0),
                   "t: the file is empty; a scenario begins with `version: 1`\n");
    expect_refusal(load_bytes("\xef\xbb\xbf", 3),
                   "t: the file is empty; a scenario begins with `version: 1`\n");
    expect_refusal(load("# only\n", "", "\n"),
                   "t:3:1: nothing but comments and space; a scenario begins with `version: 1`\n");
    expect_refusal(load_bytes("a: \0", 4),
                   "t:1:4: a zero byte; a scenario is a text file, save it as UTF-8 text\n");
    expect_refusal(load_bytes("\xff\xfe"
                              "a\0",
                              4),
                   "t:1:1: byte 0xff is not UTF-8; save the file as UTF-8 text\n");
    expect_refusal(load("n: \xc3\xa9\xc0\xaf", "", ""), /* the place counts characters */
                   "t:1:5: byte 0xc0 is not UTF-8; save the file as UTF-8 text\n");
    expect_refusal(load("n: \xed\xa0\x80", "", ""), /* a surrogate */
                   "t:1:4: byte 0xed is not UTF-8; save the file as UTF-8 text\n");
    expect_refusal(load("n: a\xe2\x80\xa8"
                        "b",
                        "", ""),
                   "t:1:5: control character U+2028; remove it\n");
    expect_refusal(load("n: \xef\xbb\xbf", "", ""),
                   "t:1:4: a byte order mark inside the text; it may stand only at the very "
                   "beginning\n");
    expect_refusal(load("[1]", "", ""), "t:1:1: `scenario` is a list, a mapping is needed; write "
                                        "`key: value` lines below it\n");
}

static struct loaded load_repeated(const char *first, const char *piece, size_t times)
{
    struct buf text = {0};
    buf_printf(&text, "%s", first);
    for (size_t i = 0; i < times; i++) {
        buf_append(&text, piece, strlen(piece));
    }
    struct loaded l = load_bytes(text.data, text.len);
    buf_fini(&text);
    return l;
}

static void test_deep_nesting_is_refused_however_it_is_written(void **state)
{
#define DEEP "nested more than 32 levels deep; a scenario needs fewer than 12\n"
    expect_refusal(load_repeated("", "[", 1000000), "t:1:33: " DEEP);
    expect_refusal(load_repeated("", "{a: ", 200000), "t:1:129: " DEEP);
    expect_refusal(load_repeated("", "- ", 400000), "t:1:65: " DEEP);
    expect_refusal(load_repeated("", "? ", 400000), "t:1:65: " DEEP);
    /* The quote hides the brackets from the scan, not from the count of events. */
    expect_refusal(load_repeated("a 'b:\n  ", "[", 1000000), "t:2:34: " DEEP);
    expect_refusal(load_repeated("a 'b: ", "[", 1000000), "t:1:38: " DEEP);
    struct buf text = {0};
    for (int i = 0; i < 200; i++) {
        buf_printf(&text, "%*sa:\n", i, "");
    }
    struct loaded l = load_bytes(text.data, text.len);
    buf_fini(&text);
    expect_refusal(l, "t:33:33: " DEEP);
#undef DEEP
}

static void test_an_alias_bomb_stops_at_its_first_anchor(void **state)
{
    expect_refusal(load("a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n", "", ""),
                   "t:1:4: an anchor (`&name`); write the value out where it is used\n");
}

static void test_many_keys_are_compared_without_trouble(void **state)
{
    struct buf text = {0};
    buf_printf(&text, "%srollups: {A: {accounts: {", head);
    for (int i = 0; i < 10000; i++) {
        buf_printf(&text, "a%d: {},", i);
    }
    buf_printf(&text, "a77: {}}}}\n");
    struct loaded l = load_bytes(text.data, text.len);
    buf_fini(&text);
    assert_int_equal(l.rc, ERR_INVALID);
    assert_non_null(strstr(buf_cstr(&l.errors), "key `a77` is given twice, first on line 4 column "
                                                "632; keep one\n"));
    loaded_fini(&l);
}

static void test_what_is_no_scenario_file_is_refused_unread(void **state)
{
    char folder[] = "/tmp/scenario-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[128];
    char want[256];
    struct loaded l = {0};
    (void)snprintf(path, sizeof(path), "%s/missing.yaml", folder);
    (void)snprintf(want, sizeof(want), "%s: there is no such file; check the path\n", path);
    l.rc = scn_load_file(path, &l.s, &l.errors);
    expect_refusal(l, want);

    l = (struct loaded){0};
    (void)snprintf(want, sizeof(want), "%s: is a directory; name a scenario file in it\n", folder);
    l.rc = scn_load_file(folder, &l.s, &l.errors);
    expect_refusal(l, want);

    l = (struct loaded){0};
    l.rc = scn_load_file("/dev/zero", &l.s, &l.errors);
    expect_refusal(l, "/dev/zero: is not a regular file; name a scenario file\n");

    l = (struct loaded){0};
    (void)snprintf(path, sizeof(path), "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)snprintf(want, sizeof(want), "%s: is not a regular file; name a scenario file\n", path);
    l.rc = scn_load_file(path, &l.s, &l.errors);
    expect_refusal(l, want);
    assert_int_equal(unlink(path), 0);

    l = (struct loaded){0};
    (void)snprintf(path, sizeof(path), "%s/loop", folder);
    assert_int_equal(symlink("loop", path), 0);
    (void)snprintf(want, sizeof(want),
                   "%s: cannot be read (Too many levels of symbolic links); check the file and its "
                   "permissions\n",
                   path);
    l.rc = scn_load_file(path, &l.s, &l.errors);
    expect_refusal(l, want);
    assert_int_equal(unlink(path), 0);

    l = (struct loaded){0};
    (void)snprintf(path, sizeof(path), "%s/huge", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)1 << 30), 0);
    assert_int_equal(close(fd), 0);
    (void)snprintf(want, sizeof(want),
                   "%s: is 1073741824 bytes large; a scenario may have 8388608\n", path);
    l.rc = scn_load_file(path, &l.s, &l.errors);
    expect_refusal(l, want);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_ends_and_byte_order_marks_do_not_matter),
        cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
        cmocka_unit_test(test_deep_nesting_is_refused_however_it_is_written),
        cmocka_unit_test(test_an_alias_bomb_stops_at_its_first_anchor),
        cmocka_unit_test(test_many_keys_are_compared_without_trouble),
        cmocka_unit_test(test_what_is_no_scenario_file_is_refused_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
