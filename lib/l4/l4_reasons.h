/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * What can happen to a packet, and why. One list yields the enum, the index of the counter, the
 * text of verdict lines and the table of nlb-forward(8).
 */
#ifndef NLB_L4_REASONS_H
#define NLB_L4_REASONS_H

/* PASS: not ours, the host goes on with it. FORWARD: rewritten, on its way. RESET: turned into a
 * RST for its sender. ICMP: turned into an ICMP error for its sender. DROP: gone. */
#define NLB_L4_ACTIONS(X)                                                                          \
    X(PASS, "pass")                                                                                \
    X(FORWARD, "forward")                                                                          \
    X(RESET, "reset")                                                                              \
    X(ICMP, "icmp")                                                                                \
    X(DROP, "drop")

/* The position is the counter's index. A reason belongs to one action; only RESET becomes DROP for
 * a packet that is not TCP or does not hold its TCP header.
 *   X(name, action, "text", "sentence") */
#define NLB_L4_REASONS(X)                                                                          \
    X(NEW_FLOW, FORWARD, "new-flow", "The packet opened a flow and a target was chosen for it.")   \
    X(FLOW, FORWARD, "flow", "The packet belongs to a live flow and goes to its target.")          \
    X(REPLY, FORWARD, "reply", "The packet is a target's answer and goes back to the client.")     \
    X(ICMP_ERROR, FORWARD, "icmp-error",                                                           \
      "The ICMP error is about a packet of a live flow and goes to its sender.")                   \
    X(NOT_IP, PASS, "not-ip", "The frame carries something else than IPv4 or IPv6.")               \
    X(TOO_MANY_TAGS, PASS, "too-many-tags", "The frame has more than two VLAN tags.")              \
    X(NOT_OURS, PASS, "not-ours", "The destination is no address of this node.")                   \
    X(HANDED_UP, PASS, "handed-up", "The listener is served by sockets, not by the packet path.")  \
    X(NEEDS_TRANSLATION, PASS, "needs-translation",                                                \
      "The listener's targets are of the other address family, so sockets serve it.")              \
    X(HOST_SOCKET, PASS, "host-socket", "A connection of the host itself has these ends.")         \
    X(HOST_PORT, PASS, "host-port", "The port was declared the host's own.")                       \
    X(NEIGHBOR_DISCOVERY, PASS, "neighbor-discovery",                                              \
      "IPv6 does not work without neighbor discovery and multicast listener messages.")            \
    X(NO_FLOW, RESET, "no-flow", "A segment for a listener neither opens nor belongs to a flow.")  \
    X(FLOW_EXPIRED, RESET, "flow-expired", "The flow was idle for longer than its timeout.")       \
    X(TARGET_UNHEALTHY, RESET, "target-unhealthy", "The target of the flow became unhealthy.")     \
    X(TARGET_DEREGISTERED, RESET, "target-deregistered",                                           \
      "The target was deregistered and its connections are terminated.")                           \
    X(NO_TARGET, RESET, "no-target", "The target group has no target to choose from.")             \
    X(HAIRPIN, RESET, "hairpin",                                                                   \
      "The target chosen is the client itself, which its own address would not reach.")            \
    X(PACKET_TOO_BIG, ICMP, "packet-too-big",                                                      \
      "The way to the next hop takes only smaller packets, and this one may not be split.")        \
    X(SHORT_FRAME, DROP, "short-frame", "The frame ends inside its link or IP header.")            \
    X(BAD_IP, DROP, "bad-ip", "The IP header contradicts itself.")                                 \
    X(TOO_MANY_EXTENSIONS, DROP, "too-many-extensions",                                            \
      "The chain of IPv6 extension headers is too long.")                                          \
    X(BAD_TRANSPORT, DROP, "bad-transport",                                                        \
      "The TCP, UDP or ICMP header is cut short or contradicts itself.")                           \
    X(UNKNOWN_FRAGMENT, DROP, "unknown-fragment",                                                  \
      "The first fragment of the datagram, which holds the ports, was not seen.")                  \
    X(OTHER_PROTOCOL, DROP, "other-protocol",                                                      \
      "The packet for an address of this node is not TCP, UDP or ICMP.")                           \
    X(ICMP_REFUSED, DROP, "icmp-refused",                                                          \
      "An address of this node takes no ICMP but errors about its flows.")                         \
    X(ICMP_NO_FLOW, DROP, "icmp-no-flow", "The ICMP error is about a packet of no live flow.")     \
    X(NO_LISTENER, DROP, "no-listener", "No listener has this port on this node's address.")       \
    X(INTERNET_GATEWAY, DROP, "internet-gateway",                                                  \
      "The listener refuses IPv6 traffic that came through the internet gateway.")                 \
    X(STRAY_RESET, DROP, "stray-reset", "A RST belongs to no live flow and is never answered.")    \
    X(PORTS_EXHAUSTED, DROP, "ports-exhausted",                                                    \
      "No source port was free between the node's address and the target.")                        \
    X(FLOW_COLLISION, DROP, "flow-collision",                                                      \
      "The client's address and port already lead another flow to the same target.")               \
    X(TABLE_FULL, DROP, "table-full", "The flow table has no room.")                               \
    X(NEW_FLOW_RATE, DROP, "new-flow-rate",                                                        \
      "More flows were opened this second than the guard lets in.")                                \
    X(TTL_EXPIRED, DROP, "ttl-expired", "The packet may not travel any further.")                  \
    X(NO_NEIGHBOR, DROP, "no-neighbor",                                                            \
      "The link address of the next hop is not known yet; the sender will try again.")             \
    X(REWRITE_FAILED, DROP, "rewrite-failed", "The frame could not be made writable or resized.")

/* The questions of the decision, as --explain tells them and nlb-forward(8) lists them. The answer
 * is a number; of YES_NO questions 0 or 1.
 *   X(name, kind, "text", "sentence") */
#define NLB_L4_QUESTIONS(X)                                                                        \
    X(PARSED, NUMBER, "parsed-as", "What does the frame hold? A number of the list below.")        \
    X(FRAGMENT_KNOWN, YES_NO, "first-fragment-seen",                                               \
      "Was the first fragment of the datagram seen, which has the ports?")                         \
    X(FLOW_KNOWN, YES_NO, "flow-known",                                                            \
      "Is there a flow with these addresses and ports, in either direction?")                      \
    X(FLOW_OVER, YES_NO, "flow-expired",                                                           \
      "Was the flow idle for too long, or closed too long ago?")                                   \
    X(IS_REPLY, YES_NO, "from-target", "Does the packet come from the target?")                    \
    X(TARGET_RESETS, YES_NO, "target-resets-flows",                                                \
      "Are the connections of the flow's target reset?")                                           \
    X(OPENS_ANEW, YES_NO, "opens-a-new-flow",                                                      \
      "Does the packet open another flow in place of one that is over?")                           \
    X(LISTENER_KNOWN, YES_NO, "listener-known",                                                    \
      "Is there a listener for the packet's destination and protocol?")                            \
    X(IS_NODE, YES_NO, "address-of-node", "Is the destination an address of this node?")           \
    X(HOST_SOCKET, YES_NO, "socket-of-host",                                                       \
      "Does the host itself have a connection with these ends? Never in a replay.")                \
    X(LISTENER_FLAGS, NUMBER, "listener-flags",                                                    \
      "What is special about the listener? A sum of numbers of the list below.")                   \
    X(OPENS_FLOW, YES_NO, "opens-flow", "May the packet open a flow at this listener?")            \
    X(ABOVE_RATE, YES_NO, "above-new-flow-rate", "Were too many flows opened this second?")        \
    X(HASH, NUMBER, "flow-hash",                                                                   \
      "What is the hash of the flow's addresses, ports and sequence number?")                      \
    X(RING_SIZE, NUMBER, "ring-size",                                                              \
      "How many slots does the group's ring have? 0: no target takes new flows.")                  \
    X(SLOT, NUMBER, "ring-slot", "Which of them does the hash fall on?")                           \
    X(TARGET, NUMBER, "target-index",                                                              \
      "Which target has the slot? The position in the table of targets.")                          \
    X(SOURCE_PORT, NUMBER, "source-port", "Which source port was found for the flow?")             \
    X(MTU, NUMBER, "mtu-exceeded",                                                                 \
      "How large may a packet on the way out be that this one is larger than?")

enum nlb_l4_action {

#define X(name, text) NLB_##name,
    NLB_L4_ACTIONS(X)
#undef X
        NLB_ACTION_COUNT
};

enum nlb_l4_reason {

#define X(name, action, text, sentence) NLB_REASON_##name,
    NLB_L4_REASONS(X)
#undef X
        NLB_REASON_COUNT
};

enum nlb_l4_question {

#define X(name, kind, text, sentence) NLB_ASK_##name,
    NLB_L4_QUESTIONS(X)
#undef X
        NLB_QUESTION_COUNT
};

#endif
