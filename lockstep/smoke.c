#include "lockstep/run/simulate.h"
#include "common/base/cleanup.h"
#include <stdio.h>
static int trace;
static void prog(void*c, struct sim_time now, uint64_t n){ if(trace) fprintf(stderr,"%.3f %lu\n",(double)now.ns/1e9,(unsigned long)n);}
int main(int argc,char**argv){
    struct buf why={0}; struct scn*scn=NULL; struct simulation s={0};
    if(scn_load_file(argv[1],&scn,&why)!=0){ fputs(buf_cstr(&why),stderr); return 65;}
    struct simulate_options o={.host=argc>2&&strcmp(argv[2],"procs")==0?SIMULATE_PROCS:SIMULATE_INPROC,.seed=scn->seed,.policy="one_shot",.places={argv[3],argv[3]},.progress=prog};
    trace = argc>4;
    int rc=simulate(scn,&o,&s,&why);
    if(rc){ printf("rc %d %s\n",rc,buf_cstr(&why)); return 1;}
    for(size_t i=0;i<s.history.n;i++){ const struct history_item*h=&s.history.items[i];
      printf("%9.3f ms %-12s ",(double)h->at.ns/1e6,s.cluster->actors[h->actor-1].name);
      if(h->kind==HISTORY_REJECT) printf("REJECT from %u %d %s\n",h->reject.peer,(int)h->reject.reason,h->reject.detail);
      else if(h->kind==HISTORY_LIFE) printf("LIFE %d %d\n",(int)h->life.what,h->life.rc);
      else { const Lockstep__TraceRecord*r=h->record;
        switch(r->body_case){
        case LOCKSTEP__TRACE_RECORD__BODY_NOTE: printf("note %s slot %lu rollup %lu round %u count %lu %s\n",r->note->what,r->note->slot,r->note->rollup,r->note->round,r->note->count,r->note->detail);break;
        case LOCKSTEP__TRACE_RECORD__BODY_VIOLATION: printf("VIOLATION %s by %s slot %lu rollup %lu round %u %s\n",r->violation->rule,r->violation->by,r->violation->slot,r->violation->rollup,r->violation->round,r->violation->detail);break;
        case LOCKSTEP__TRACE_RECORD__BODY_DA_STORED: printf("da rollup %lu slot %lu kind %d index %u %zu bytes\n",r->da_stored->key->namespace_,r->da_stored->key->slot,r->da_stored->key->kind,r->da_stored->key->index,r->da_stored->data.len);break;
        case LOCKSTEP__TRACE_RECORD__BODY_L1: printf("l1 block %lu event %d slot %lu rollup %lu round %u\n",r->l1->number,r->l1->event->kind,r->l1->event->slot,r->l1->event->rollup,r->l1->event->round);break;
        case LOCKSTEP__TRACE_RECORD__BODY_SUBMITTED: printf("submitted %s\n",r->submitted->name);break;
        case LOCKSTEP__TRACE_RECORD__BODY_PRECONFIRMED: printf("preconfirmed %s\n",r->preconfirmed->name);break;
        case LOCKSTEP__TRACE_RECORD__BODY_REFUSED: printf("refused %s %s %s\n",r->refused->name,r->refused->reason,r->refused->detail);break;
        default: printf("?\n");
        } } }
    char hex[65]; hex_encode(BYTES_OF(s.result.fingerprint),hex);
    printf("end %s at %.3f s, %lu events, ready %.1f ms, fingerprint %s\n",run_end_name(s.result.end),(double)s.result.now.ns/1e9,s.result.delivered,(double)s.result.ready_ns/1e6,hex);
    simulation_fini(&s); scn_destroy(&scn); return 0; }
