// SPDX-License-Identifier: Apache-2.0
#include "delivery/object.hpp"

#include "io/source.hpp"

#include "accesslog/vpc_flow_log.hpp"

#include "base/text.hpp"

#include <utility>

namespace nlb::delivery {

Result<Object> make_object(const std::string& segment_path, const Packing& packing) {
    auto source = io::open_source(segment_path);
    if (!source) return tl::unexpected<Error>(source.error());
    auto reader = SegmentReader::open(std::move(*source));
    if (!reader) return forward(reader.error(), in_quotes(segment_path));
    Object object{reader->head(), {}, {}, 0};
    object.name = accesslog::file_name(object.head.label, compress::suffix(packing.method));
    compress::Writer writer(packing.method);
    if (object.head.label.kind == accesslog::LogKind::Flow)
        writer.write(accesslog::kVpcFlowLogHeader, object.bytes);
    while (true) {
        auto lines = reader->next();
        if (!lines) return forward(lines.error(), in_quotes(segment_path));
        if (lines->empty()) break;
        writer.write(*lines, object.bytes);
    }
    writer.finish(object.bytes);
    object.entries = reader->entries();
    if (!packing.recipient || object.entries == 0) return object;
    auto encrypted = packing.recipient->encrypt(object.bytes);
    if (!encrypted) return forward(encrypted.error(), in_quotes(segment_path));
    object.bytes = std::move(*encrypted);
    object.name += envelope::kSuffix;
    return object;
}

} // namespace nlb::delivery
