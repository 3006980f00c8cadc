// SPDX-License-Identifier: Apache-2.0
// Which values go together, and what a constant means beside a field.
#include "query/parser.hpp"

#include "accesslog/timestamp.hpp"
#include "accesslog/tls_version.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::query {

namespace {

bool is_constant(const Expression& e) {
    return e.op == Op::Constant;
}

Result<void> becomes_number(Expression& e, Kind kind, std::optional<std::int64_t> value) {
    if (!value)
        return fail(Errc::Usage, in_quotes(e.spelling) + " is not " + std::string(to_text(kind)) +
                                     (kind == Kind::Time ? " such as 2026-05-01T10:00:00"
                                                         : " such as tlsv12 or 1.2"));
    e.constant = Value::of(*value);
    e.kind = kind;
    return {};
}

/// Brings a constant to the kind of what it stands beside.
Result<void> bring(Expression& e, Kind kind) {
    if (!is_constant(e) || e.kind == kind || e.constant.is_null()) return {};
    const std::string text = e.kind == Kind::Text ? std::string(e.constant.text) : e.spelling;
    if (kind == Kind::Time) return becomes_number(e, kind, parse_moment(text));
    if (kind == Kind::TlsVersion)
        return becomes_number(e, kind, accesslog::parse_tls_version(text));
    if (kind == Kind::Text && (e.kind == Kind::Integer || e.kind == Kind::Real))
        e = constant_text(e.spelling);
    return {};
}

bool go_together(Kind a, Kind b) {
    if (a == b) return true;
    if (!is_quantity(a) || !is_quantity(b)) return false;
    const auto is_plain = [](Kind k) { return k == Kind::Integer || k == Kind::Real; };
    return is_plain(a) || is_plain(b);
}

tl::unexpected<Error> mismatch(const Expression& a, const Expression& b) {
    return fail(Errc::Usage, in_quotes(a.spelling) + " is " + std::string(to_text(a.kind)) + ", " +
                                 in_quotes(b.spelling) + " is " + std::string(to_text(b.kind)));
}

Result<void> agree(Expression& left, Expression& right) {
    for (auto [constant, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
        if (auto ok = bring(*constant, other->kind); !ok) return ok;
        if (is_constant(*constant) && constant->constant.is_null())
            return fail(Errc::Usage,
                        "nothing equals null; use " + in_quotes(other->spelling + " is null"));
    }
    if (!go_together(left.kind, right.kind)) return mismatch(left, right);
    return {};
}

Expression binary(Op op, Kind kind, Expression left, Expression right) {
    Expression e;
    e.op = op;
    e.kind = kind;
    e.args.push_back(std::move(left));
    e.args.push_back(std::move(right));
    return e;
}

/// client:port as client_ip, to be matched with addresses.
Expression address_of(Expression e) {
    if (e.op != Op::Column) return e;
    if (e.column == column_of(accesslog::Field::Client)) e.column = Column::ClientIp;
    if (e.column == column_of(accesslog::Field::Destination)) e.column = Column::DestinationIp;
    return e;
}

/// Beside the address of an entry, one that is spelled otherwise is the same. Errors: Usage for
/// what is neither an address nor a block.
Result<void> bring_address(Expression& e, const Expression& beside) {
    if (beside.op != Op::Column || !is_address(beside.column)) return {};
    if (!is_constant(e) || e.kind != Kind::Text || e.constant.is_null()) return {};
    const std::string text(e.constant.text);
    if (const auto address = IpAddress::parse(text)) {
        e = constant_text(address->text());
        return {};
    }
    if (const auto block = Cidr::parse(text); !block && text.find('/') != std::string::npos)
        return tl::unexpected<Error>(block.error());
    return {};
}

bool is_block(const Expression& e) {
    return is_constant(e) && e.kind == Kind::Text && Cidr::parse(e.constant.text).has_value();
}

} // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

std::optional<std::int64_t> parse_moment(std::string text) {
    if (text.ends_with('Z')) text.pop_back();
    constexpr std::size_t kDate = 10;
    if (text.size() == kDate) text += "T00:00:00";
    if (text.size() > kDate && text[kDate] == ' ') text[kDate] = 'T';
    if (text.size() == kDate + 6) text += ":00";
    return accesslog::parse_time(text);
}

Expression constant_text(std::string text) {
    Expression e;
    e.kind = Kind::Text;
    e.spelling = text;
    e.owned = std::make_shared<const std::string>(std::move(text));
    e.constant = Value::of_text(*e.owned);
    return e;
}

bool same(const Expression& a, const Expression& b) {
    if (a.op != b.op || a.args.size() != b.args.size() || a.index != b.index) return false;
    if (a.op == Op::Column && a.column != b.column) return false;
    if (a.op == Op::Constant && (a.constant.type != b.constant.type || a.kind != b.kind ||
                                 compare(a.constant, b.constant) != 0))
        return false;
    if (a.blocks != b.blocks || a.pattern != b.pattern) return false;
    return std::equal(a.args.begin(), a.args.end(), b.args.begin(), same);
}

Result<Expression> comparison(Op op, Expression left, Expression right) {
    for (auto [constant, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
        if (auto ok = bring_address(*constant, *other); !ok)
            return tl::unexpected<Error>(ok.error());
    }
    if ((op == Op::Equal || op == Op::NotEqual) && is_block(right) &&
        is_address(address_of(left).column) && left.op == Op::Column) {
        std::vector<Expression> one;
        one.push_back(std::move(right));
        auto in = membership(std::move(left), std::move(one));
        if (!in || op == Op::Equal) return in;
        Expression none;
        none.op = Op::Not;
        none.kind = Kind::Boolean;
        none.args.push_back(std::move(*in));
        return none;
    }
    if (auto ok = agree(left, right); !ok) return tl::unexpected<Error>(ok.error());
    return binary(op, Kind::Boolean, std::move(left), std::move(right));
}

Result<Expression> calculation(Op op, Expression left, Expression right) {
    const bool times = left.kind == Kind::Time && right.kind == Kind::Time && op == Op::Subtract;
    for (const Expression* e : {&left, &right}) {
        if (!is_quantity(e->kind) && !times)
            return fail(Errc::Usage, "cannot calculate with " + in_quotes(e->spelling) +
                                         ", which is " + std::string(to_text(e->kind)));
    }
    const bool scales = op == Op::Multiply || op == Op::Divide;
    if (!scales && !go_together(left.kind, right.kind)) return mismatch(left, right);
    Kind kind = left.kind == Kind::Integer ? right.kind : left.kind;
    if (times || op == Op::Multiply) kind = Kind::Integer;
    if (op == Op::Divide || left.kind == Kind::Real || right.kind == Kind::Real) kind = Kind::Real;
    return binary(op, kind, std::move(left), std::move(right));
}

Result<Expression> membership(Expression left, std::vector<Expression> members) {
    Expression e;
    e.op = Op::In;
    e.kind = Kind::Boolean;
    const bool has_block = std::any_of(members.begin(), members.end(), is_block);
    if (has_block) left = address_of(std::move(left));
    if (has_block && left.op == Op::Column && is_address(left.column)) e.op = Op::InBlocks;
    e.args.push_back(std::move(left));
    for (Expression& member : members) {
        if (e.op == Op::InBlocks && is_block(member)) {
            e.blocks.push_back(*Cidr::parse(member.constant.text));
            continue;
        }
        Expression first = e.args.front();
        if (auto ok = bring_address(member, first); !ok) return tl::unexpected<Error>(ok.error());
        if (auto ok = agree(first, member); !ok) return tl::unexpected<Error>(ok.error());
        e.args.push_back(std::move(member));
    }
    return e;
}

} // namespace nlb::query
