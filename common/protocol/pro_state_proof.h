/* What convinces those who lack the state of a result. */
#ifndef PROTOCOL_PRO_STATE_PROOF_H
#define PROTOCOL_PRO_STATE_PROOF_H

/* WITNESS: proofs of what failed, and challenges of the rest. REEXECUTE and IDEAL_RECURSIVE add
 * what executing the block again, or a recursive proof of it, would cost: a model of time and size,
 * of a prover that does not exist. */
enum pro_state_proof {
    PRO_STATE_PROOF_WITNESS,
    PRO_STATE_PROOF_REEXECUTE,
    PRO_STATE_PROOF_IDEAL_RECURSIVE,
};

#endif
