// SPDX-License-Identifier: Apache-2.0
// What a thread asks of the kernel's scheduler.
#pragma once

namespace nlb::io {

/// The calling thread has little to do and wants to do it on time: on a busy machine it need not
/// wait until others have had a whole turn (its own are shorter in return), and its sleeps end
/// when they are to. No privilege is needed; a kernel before 6.12 heeds the second only. Children
/// begin as they otherwise would.
void ask_for_short_turns();

} // namespace nlb::io
