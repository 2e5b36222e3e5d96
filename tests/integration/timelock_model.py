"""The file formats of `lockstep timelock` and the sender's mathematics, written from docs/timelock.md
and docs/crypto.md alone: an independent model, and the means to make dishonest files."""
import hashlib
import random
import struct


def sha(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def var(data):
    return struct.pack('>I', len(data)) + data


def is_prime(n):
    if n < 2 or any(n % p == 0 for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return n in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37:  # decides below 2^64
        x = pow(base, odd, n)
        if x not in (1, n - 1) and all(
                (x := x * x % n) != n - 1 for _ in range(twos - 1)):
            return False
    return True


class Params:
    def __init__(self, file):
        assert file[:8] == b'LSTLPPRM'
        version, self.bits = struct.unpack_from('>HH', file, 8)
        assert version == 1
        size = self.size = self.bits // 8
        self.n = int.from_bytes(file[12:12 + size], 'big')
        self.g = int.from_bytes(file[12 + size:12 + 2 * size], 'big')
        self.squarings, = struct.unpack_from('>Q', file, 12 + 2 * size)
        self.h = int.from_bytes(file[20 + 2 * size:20 + 3 * size], 'big')
        self.digest = sha(file[:20 + 4 * size], b'\0')

    def put(self, x):
        """The canonical form of an element: the smaller of x and N - x."""
        x %= self.n
        return min(x, self.n - x).to_bytes(self.size, 'big')

    def exponent(self, u):
        seed = sha(b'lockstep/tlp/exponent/v1', struct.pack('>H', self.bits),
                   self.n.to_bytes(self.size, 'big'), u)
        i = 0
        while True:
            e = int.from_bytes(sha(seed, struct.pack('>I', i))[:8], 'big') | 1 << 63 | 1
            if is_prime(e):
                return e
            i += 1

    def head(self, magic):
        return magic + struct.pack('>HH', 1, self.bits) + self.digest

    def puzzle(self, ciphertext, context=b'', seed=0, false_q=False):
        """A puzzle file around any ciphertext, with profile short and a compact proof. The proof
        is honest, which does not help if Q is false."""
        chance = random.Random(seed)
        r, rho = chance.getrandbits(256), chance.getrandbits(512) | 1 << 511
        u = self.put(pow(self.g, r, self.n))
        e = self.exponent(u)
        q = self.put(pow(self.h, r * e + false_q, self.n))
        a, b = self.put(pow(self.g, rho, self.n)), self.put(pow(self.h, rho * e, self.n))
        c = sha(b'lockstep/tlp/proof/v1', self.digest, b'\2', var(context), sha(ciphertext), u, q,
                struct.pack('>Q', e), a, b)[:16]
        z = (rho - int.from_bytes(c, 'big') * r).to_bytes(64, 'big')
        return (self.head(b'LSTLPPZL') + var(context) + u + q + var(b'\1\2' + c + z)
                + var(ciphertext))

    def opening(self, u, w):
        return self.head(b'LSTLPOPN') + u + self.put(w)


class Puzzle:
    def __init__(self, file):
        assert file[:8] == b'LSTLPPZL'
        bits, = struct.unpack_from('>H', file, 10)
        size, at = bits // 8, 44
        self.digest = file[12:44]

        def take(length=None):
            nonlocal at
            if length is None:
                length, = struct.unpack_from('>I', file, at)
                at += 4
            at += length
            return file[at - length:at]
        self.context = take()
        self.u, self.q = take(size), take(size)
        self.proof, self.ciphertext = take(), take()
        assert at == len(file)


class Checkpoint:
    def __init__(self, file):
        assert file[:8] in (b'LSTLPCHK', b'LSTLPSET')
        assert sha(file[:-32]) == file[-32:], 'a checkpoint is always whole'
        size = struct.unpack_from('>H', file, 10)[0] // 8
        self.head = file[:52]
        self.squarings, length = struct.unpack_from('>QI', file, 44)
        assert length == len(file) - 56 - 32
        self.start = file[56:88]
        self.done, = struct.unpack_from('>Q', file, 88)
        self.passes = file[96:104] if file[:8] == b'LSTLPSET' else b''
        at = 96 + len(self.passes)
        self.x, self.rest = file[at:at + size], file[at + size:-32]

    def file(self):
        """Again, with a checksum that fits."""
        state = self.start + struct.pack('>Q', self.done) + self.passes + self.x + self.rest
        body = self.head + var(state)
        return body + sha(body)
