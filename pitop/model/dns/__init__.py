"""Names and those who answer for them: questions, answers, delegations, proofs. Nothing here sends a packet.

What panes need (questions, answers, snapshots) imports without dnspython; what reads messages imports it.
"""
