"""A name server for tests: nameserver.py ADDRESS NAME=ADDRESS… knows these names and no others."""

import socket
import sys

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind((sys.argv[1], 53))
known = dict(each.split("=") for each in sys.argv[2:])
print("ready", flush=True)
while True:
    data, peer = own.recvfrom(4096)
    query = dns.message.from_wire(data)
    answer = dns.message.make_response(query)
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True)
    if name in known:
        if question.rdtype == (28 if ":" in known[name] else 1):
            answer.answer.append(dns.rrset.from_text(question.name, 5, "IN", question.rdtype, known[name]))
    elif name != "@" and name != ".":
        answer.set_rcode(dns.rcode.NXDOMAIN)
    own.sendto(answer.to_wire(), peer)
