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
 * a packet that is not TCP.
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

/* The questions of the decision, as --explain tells them; the answer is a number.
 *   X(name, "text") */
#define NLB_L4_QUESTIONS(X)                                                                        \
    X(PARSED, "parsed-as")                                                                         \
    X(FRAGMENT_KNOWN, "first-fragment-seen")                                                       \
    X(FLOW_KNOWN, "flow-known")                                                                    \
    X(IS_REPLY, "from-target")                                                                     \
    X(FLOW_OVER, "flow-expired")                                                                   \
    X(TARGET_RESETS, "target-resets-flows")                                                        \
    X(OPENS_ANEW, "opens-a-new-flow")                                                              \
    X(LISTENER_KNOWN, "listener-known")                                                            \
    X(IS_NODE, "address-of-node")                                                                  \
    X(HOST_SOCKET, "socket-of-host")                                                               \
    X(LISTENER_FLAGS, "listener-flags")                                                            \
    X(OPENS_FLOW, "opens-flow")                                                                    \
    X(ABOVE_RATE, "above-new-flow-rate")                                                           \
    X(HASH, "flow-hash")                                                                           \
    X(RING_SIZE, "ring-size")                                                                      \
    X(SLOT, "ring-slot")                                                                           \
    X(TARGET, "target-index")                                                                      \
    X(SOURCE_PORT, "source-port")                                                                  \
    X(MTU, "mtu-exceeded")

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

#define X(name, text) NLB_ASK_##name,
    NLB_L4_QUESTIONS(X)
#undef X
        NLB_QUESTION_COUNT
};

#endif
