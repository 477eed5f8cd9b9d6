"""How questions, answers, delegations and proofs look."""
