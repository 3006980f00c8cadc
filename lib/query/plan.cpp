// SPDX-License-Identifier: Apache-2.0
// From clauses to a Query.
#include "query/parser.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::query {

namespace {

using Aliases = std::map<std::string, Expression>;

Expression column_expression(Column column) {
    Expression e;
    e.op = Op::Column;
    e.column = column;
    e.kind = kind_of(column);
    e.spelling = name_of(column);
    return e;
}

class Planner {
  public:
    explicit Planner(const Clauses& clauses) : clauses_(clauses) {}

    Result<Query> plan() {
        for (const auto step : {&Planner::where, &Planner::keys, &Planner::columns,
                                &Planner::having, &Planner::order, &Planner::regroup}) {
            if (auto ok = (this->*step)(); !ok) return tl::unexpected<Error>(ok.error());
        }
        query_.limit = clauses_.limit;
        return std::move(query_);
    }

  private:
    Result<Parser> parser(std::string_view text, bool aggregates, const Aliases* aliases) {
        auto found = tokens(text);
        if (!found) return tl::unexpected<Error>(found.error());
        return Parser(std::move(*found), text, aggregates ? &query_.aggregates : nullptr, aliases);
    }

    template <class Then>
    Result<void> clause(const std::string& text, std::string_view name, bool aggregates,
                        const Aliases* aliases, Then then) {
        if (text.empty()) return {};
        auto parser = this->parser(text, aggregates, aliases);
        if (!parser) return forward(parser.error(), name);
        if (auto ok = then(*parser); !ok) return forward(ok.error(), name);
        return {};
    }

    Result<void> where() {
        return clause(clauses_.where, "where", false, nullptr, [&](Parser& p) -> Result<void> {
            auto e = p.condition();
            if (!e) return tl::unexpected<Error>(e.error());
            query_.where = std::move(*e);
            return {};
        });
    }

    /// Calls `each` for every expression of a list with commas.
    template <class Each>
    static Result<void> list(Parser& p, Each each) {
        do {
            auto e = p.expression();
            if (!e) return tl::unexpected<Error>(e.error());
            if (auto ok = each(std::move(*e)); !ok) return ok;
        } while (p.take(","));
        if (!p.at_end()) return p.expected("',' or the end");
        return {};
    }

    Result<void> keys() {
        return clause(clauses_.group_by, "group by", false, nullptr, [&](Parser& p) {
            return list(p, [&](Expression e) -> Result<void> {
                if (!e.names_column())
                    return fail(Errc::Usage, in_quotes(e.spelling) + " names no field");
                query_.keys.push_back(std::move(e));
                return {};
            });
        });
    }

    Result<void> columns() {
        std::string text = clauses_.select;
        if (text.empty() && (!query_.keys.empty() || !clauses_.aggregates.empty())) {
            for (const Expression& key : query_.keys)
                add(key, key.spelling);
            text = clauses_.aggregates.empty() ? "count" : clauses_.aggregates;
        } else if (text.empty()) {
            text = "*";
        }
        return clause(text, clauses_.select.empty() ? "agg" : "select", true, nullptr,
                      [&](Parser& p) { return select(p); });
    }

    Result<void> select(Parser& p) {
        do {
            if (p.take("*")) {
                for (const Column column : all_columns())
                    add(column_expression(column), std::string(name_of(column)));
                continue;
            }
            auto e = p.expression();
            if (!e) return tl::unexpected<Error>(e.error());
            std::string name = e->spelling;
            if (p.take("as")) {
                name = p.next().text;
                if (name.empty()) return p.expected("a name");
                aliases_[name] = *e;
            }
            add(std::move(*e), std::move(name));
        } while (p.take(","));
        if (!p.at_end()) return p.expected("',', 'as' or the end");
        return {};
    }

    void add(Expression e, std::string name) {
        query_.select.push_back(std::move(e));
        query_.names.push_back(std::move(name));
    }

    Result<void> having() {
        return clause(clauses_.having, "having", true, &aliases_, [&](Parser& p) -> Result<void> {
            auto e = p.condition();
            if (!e) return tl::unexpected<Error>(e.error());
            query_.having = std::move(*e);
            return {};
        });
    }

    Result<void> order() {
        return clause(clauses_.order_by, "order by", true, &aliases_,
                      [&](Parser& p) -> Result<void> {
                          do {
                              auto e = p.expression();
                              if (!e) return tl::unexpected<Error>(e.error());
                              auto by = ordinal(std::move(*e));
                              if (!by) return tl::unexpected<Error>(by.error());
                              const bool descending = p.take("desc");
                              if (!descending) p.take("asc");
                              query_.order.push_back({std::move(*by), descending});
                          } while (p.take(","));
                          if (!p.at_end()) return p.expected("'asc', 'desc', ',' or the end");
                          return {};
                      });
    }

    /// "order by 2" means the second column.
    Result<Expression> ordinal(Expression e) {
        if (e.op != Op::Constant || e.kind != Kind::Integer) return e;
        const auto count = static_cast<std::int64_t>(query_.select.size());
        if (e.constant.integer < 1 || e.constant.integer > count)
            return fail(Errc::Usage, "there are columns 1 to " + std::to_string(count));
        return query_.select[static_cast<std::size_t>(e.constant.integer - 1)];
    }

    /// In a grouped query what stands outside of aggregates is made of keys.
    Result<void> regroup() {
        query_.grouped = !query_.keys.empty() || !query_.aggregates.empty();
        if (!query_.grouped && query_.having) return fail(Errc::Usage, "having needs groups");
        if (!query_.grouped) return {};
        for (Expression& e : query_.select) {
            if (auto ok = of_groups(e); !ok) return ok;
        }
        if (query_.having) {
            if (auto ok = of_groups(*query_.having); !ok) return ok;
        }
        for (Order& order : query_.order) {
            if (auto ok = of_groups(order.by); !ok) return ok;
        }
        return {};
    }

    Result<void> of_groups(Expression& e) {
        for (std::size_t i = 0; i < query_.keys.size(); ++i) {
            if (!same(e, query_.keys[i])) continue;
            e.op = Op::Key;
            e.kind = query_.keys[i].kind;
            e.index = i;
            e.args.clear();
            return {};
        }
        if (e.op == Op::Column)
            return fail(Errc::Usage, in_quotes(e.spelling) +
                                         " is neither in group by nor in an "
                                         "aggregate such as max(" +
                                         e.spelling + ")");
        for (Expression& arg : e.args) {
            if (auto ok = of_groups(arg); !ok) return ok;
        }
        return {};
    }

    const Clauses& clauses_;
    Query query_;
    Aliases aliases_;
};

} // namespace

Result<Query> plan(const Clauses& clauses) {
    return Planner(clauses).plan();
}

void restrict_to(Query& query, std::optional<std::int64_t> since,
                 std::optional<std::int64_t> until) {
    const auto also = [&](Op op, std::int64_t bound) {
        Expression e;
        e.op = op;
        e.kind = Kind::Boolean;
        e.args.push_back(column_expression(column_of(accesslog::Field::Time)));
        Expression& constant = e.args.emplace_back();
        constant.kind = Kind::Time;
        constant.constant = Value::of(bound);
        if (query.where) {
            Expression both;
            both.op = Op::And;
            both.kind = Kind::Boolean;
            both.args.push_back(std::move(e));
            both.args.push_back(std::move(*query.where));
            e = std::move(both);
        }
        query.where = std::move(e);
    };
    if (until) also(Op::Less, *until);
    if (since) also(Op::GreaterEqual, *since);
}

} // namespace nlb::query
