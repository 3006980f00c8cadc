// SPDX-License-Identifier: Apache-2.0
#include "contract/schema.hpp"

#include "contract/json.hpp"

#include <algorithm>

namespace nlb::contract {

namespace {

struct Builder {
    std::span<const std::string_view> only;
    std::string out;
    bool skip = false;
    bool first = true;

    void begin(std::string_view name, std::string_view meaning) {
        skip = !only.empty() && std::find(only.begin(), only.end(), name) == only.end();
        if (skip) return;
        out += R"({"message":)";
        append_json_string(name, out);
        out += R"(,"meaning":)";
        append_json_string(meaning, out);
        out += R"(,"members":[)";
        first = true;
    }

    void field(std::string_view type, std::string_view name, std::string_view presence,
               std::string_view meaning) {
        if (skip) return;
        if (!first) out += ',';
        first = false;
        out += R"({"name":)";
        append_json_string(name, out);
        out += R"(,"type":)";
        append_json_string(json_type(type), out);
        out += R"(,"presence":)";
        append_json_string(presence, out);
        out += R"(,"meaning":)";
        append_json_string(meaning, out);
        out += '}';
    }

    void end() {
        if (!skip) out += "]}\n";
    }

    static std::string_view json_type(std::string_view type) {
        if (type == "Number") return "number";
        if (type == "Flag") return "boolean";
        return "string";
    }
};

} // namespace

std::string schema(std::span<const std::string_view> only) {
    Builder build{.only = only, .out = {}};
#define MESSAGE(Struct, name, meaning) build.begin(name, meaning);
#define FIELD(Type, member, presence, meaning) build.field(#Type, #member, #presence, meaning);
#define END_MESSAGE build.end();
#include "contract/messages.def"
    return std::move(build.out);
}

} // namespace nlb::contract
