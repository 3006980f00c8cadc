// SPDX-License-Identifier: Apache-2.0
// nlb-logs cat: entries as they stand in the files, or as JSON or CSV.
#include "commands.hpp"
#include "reading.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

app::Command cat_command() {
    struct Cat {
        Reading reading;
        query::Clauses clauses;
    };

    return {"cat", "Print entries as they stand in the files", [](app::Options& declare) {
                auto cat = std::make_shared<Cat>();
                declare_reading(declare, cat->reading);
                declare_formats(declare, cat->reading);
                declare_follow(declare, cat->reading);
                declare.text("--where", cat->clauses.where, {"CONDITION"}, "Only these entries");
                return [cat](app::Context& context) {
                    const Reading& shown = cat->reading;
                    cat->reading.raw = !shown.json && !shown.csv && !shown.tsv;
                    return answer(context, cat->reading, cat->clauses);
                };
            }};
}
