//! One pass over the tokens that keeps the levels open and counts.

use sqlparser::{keywords::Keyword, tokenizer::Token as Kind};

use super::{
    level::{Chains, Clause, Level, Opener},
    limit::{
        CHAIN_TERMS_MAX, COLUMN_COUNT_MAX, DEPTH_MAX, JOIN_COUNT_MAX, NESTING_MAX, PREFIXES_MAX,
        RELATION_PARENTHESES_MAX, UNION_COUNT_MAX,
    },
};
use crate::{
    diagnostic::{Code, Diagnostic},
    text::{cursor::is_type_with_angles, token::Token},
};

/// Checks the tokens of a whole text; the first bound that is passed is reported.
pub(crate) fn check(tokens: &[Token]) -> Result<(), Diagnostic> {
    let mut scan = Scan::new();
    for (index, token) in tokens.iter().enumerate() {
        let previous = index.checked_sub(1).map(|previous| &tokens[previous]);
        scan.step(previous, token, tokens.get(index + 1))?;
    }
    Ok(())
}

struct Scan {
    levels: Vec<Level>,
    joins: usize,
    unions: usize,
    prefixes: usize,
}

impl Scan {
    fn new() -> Self {
        Self {
            levels: vec![Level::new(Opener::Statement, Clause::Other)],
            joins: 0,
            unions: 0,
            prefixes: 0,
        }
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::new(Opener::Statement, Clause::Other));
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn step(
        &mut self,
        previous: Option<&Token>,
        token: &Token,
        next: Option<&Token>,
    ) -> Result<(), Diagnostic> {
        self.count_prefixes(token)?;
        match token.kind() {
            Kind::SemiColon => *self = Self::new(),
            Kind::LParen => self.open(Opener::Parenthesis, previous, token, next)?,
            Kind::LBracket => {
                // A subscript is a link of a chain as a cast is.
                self.level().chains.cast += 1;
                self.open(Opener::Bracket, previous, token, next)?;
            }
            Kind::LBrace => self.open(Opener::Brace, previous, token, next)?,
            Kind::Lt if previous.is_some_and(is_type_with_angles) => {
                self.open(Opener::Angle, previous, token, next)?;
            }
            Kind::RParen => self.close(Opener::Parenthesis),
            Kind::RBracket => self.close(Opener::Bracket),
            Kind::RBrace => self.close(Opener::Brace),
            Kind::Gt if self.level().opener == Opener::Angle => self.close(Opener::Angle),
            Kind::ShiftRight if self.level().opener == Opener::Angle => {
                self.close(Opener::Angle);
                self.close(Opener::Angle);
            }
            Kind::Comma => self.comma(token)?,
            Kind::Word(_) => self.word(previous, token, next)?,
            kind => self.operator(kind),
        }
        self.check_depth(token)
    }

    /// Signs and keywords since the last operand. Parsers recurse into every prefix operator.
    fn count_prefixes(&mut self, token: &Token) -> Result<(), Diagnostic> {
        let is_operand_or_separator = match token.kind() {
            Kind::Word(_) => matches!(
                token.keyword(),
                Keyword::NoKeyword
                    | Keyword::NULL
                    | Keyword::TRUE
                    | Keyword::FALSE
                    | Keyword::CASE
                    | Keyword::WHEN
                    | Keyword::THEN
                    | Keyword::ELSE
                    | Keyword::END
            ),
            Kind::Plus | Kind::Minus | Kind::Tilde | Kind::ExclamationMark | Kind::AtSign | Kind::Lt => false,
            Kind::DoubleExclamationMark | Kind::PGSquareRoot | Kind::PGCubeRoot => false,
            _ => true,
        };
        self.prefixes = if is_operand_or_separator {
            0
        } else {
            self.prefixes + 1
        };
        if self.prefixes > PREFIXES_MAX {
            let message = format!("more than {PREFIXES_MAX} signs and keywords stand before one operand");
            return Err(Diagnostic::error(Code::NestedTooDeep, token.span, message));
        }
        Ok(())
    }

    fn open(
        &mut self,
        opener: Opener,
        previous: Option<&Token>,
        token: &Token,
        next: Option<&Token>,
    ) -> Result<(), Diagnostic> {
        let is_relation = self.level().clause == Clause::From
            && previous.is_some_and(|previous| {
                previous.is(&Kind::LParen)
                    || previous.is(&Kind::Comma)
                    || matches!(
                        previous.keyword(),
                        Keyword::FROM | Keyword::JOIN | Keyword::LATERAL
                    )
            });
        let is_list = opener == Opener::Bracket
            || previous.is_some_and(|previous| previous.keyword() == Keyword::IN)
            || self.level().clause == Clause::Values;
        let clause = match (is_relation, is_list) {
            (true, _) => Clause::From,
            (false, true) => Clause::Values,
            (false, false) => Clause::Other,
        };
        let mut level = Level::new(opener, clause);
        level.is_doubled = is_relation && next.is_some_and(|next| next.is(&Kind::LParen));
        self.levels.push(level);
        if self.levels.len() - 1 > NESTING_MAX {
            let message = format!("brackets, sub-queries or types are nested more than {NESTING_MAX} deep");
            return Err(Diagnostic::error(Code::NestedTooDeep, token.span, message)
                .with_help("name parts of the query with `WITH part AS (…)` or with a view"));
        }
        if self.levels.iter().filter(|level| level.is_doubled).count() > RELATION_PARENTHESES_MAX {
            let message =
                format!("more than {RELATION_PARENTHESES_MAX} doubled parentheses stand around a relation");
            return Err(Diagnostic::error(Code::NestedTooDeep, token.span, message)
                .with_help("one parenthesis around a sub-query or a join is enough"));
        }
        Ok(())
    }

    fn close(&mut self, opener: Opener) {
        // A bracket also closes what was left open within it; whoever parses will say so.
        let Some(index) = self.levels.iter().rposition(|level| level.opener == opener) else {
            return;
        };
        while self.levels.len() > index && self.levels.len() > 1 {
            let depth = self.levels.pop().map_or(0, |level| level.depth);
            let outer = self.level();
            outer.depth_below = outer.depth_below.max(depth + 1);
        }
    }

    fn comma(&mut self, token: &Token) -> Result<(), Diagnostic> {
        let level = self.level();
        level.begin_item();
        level.commas += 1;
        match level.clause {
            Clause::From => self.join(token),
            Clause::Other if level.commas >= COLUMN_COUNT_MAX => {
                let message = format!("the list has more than {COLUMN_COUNT_MAX} entries");
                Err(Diagnostic::error(Code::TooManyColumns, token.span, message)
                    .with_help("keep rarely used columns in one ARRAY, MAP or JSON column"))
            }
            Clause::Other | Clause::Values => Ok(()),
        }
    }

    fn join(&mut self, token: &Token) -> Result<(), Diagnostic> {
        self.joins += 1;
        if self.joins > JOIN_COUNT_MAX {
            let message = format!("the statement joins more than {JOIN_COUNT_MAX} inputs");
            return Err(Diagnostic::error(Code::TooManyJoins, token.span, message)
                .with_help("split it: `INSERT INTO` an intermediate stream and go on from there"));
        }
        Ok(())
    }

    fn word(
        &mut self,
        previous: Option<&Token>,
        token: &Token,
        next: Option<&Token>,
    ) -> Result<(), Diagnostic> {
        // `a.order` and `x AS end` are names.
        if previous.is_some_and(|previous| previous.is(&Kind::Period) || previous.keyword() == Keyword::AS)
            && token.keyword() != Keyword::SELECT
        {
            return Ok(());
        }
        match token.keyword() {
            Keyword::CASE => return self.open(Opener::Case, previous, token, next),
            Keyword::END if self.level().opener == Opener::Case => self.close(Opener::Case),
            Keyword::JOIN => {
                self.level().begin_item();
                return self.join(token);
            }
            Keyword::FROM if previous.is_some_and(|previous| previous.keyword() == Keyword::DISTINCT) => {
                self.comparison();
            }
            Keyword::FROM => self.begin_clause(Clause::From),
            Keyword::VALUES => self.begin_clause(Clause::Values),
            Keyword::SELECT => {
                self.level().commas = 0;
                self.begin_clause(Clause::Other);
            }
            Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::WINDOW
            | Keyword::INSERT => {
                self.level().commas = 0;
                self.begin_clause(Clause::Other);
            }
            Keyword::ON | Keyword::USING | Keyword::WHEN | Keyword::THEN | Keyword::ELSE => {
                self.level().begin_item();
            }
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS => {
                self.begin_clause(Clause::Other);
                self.unions += 1;
                if self.unions >= UNION_COUNT_MAX {
                    let message = format!("the statement combines more than {UNION_COUNT_MAX} queries");
                    return Err(Diagnostic::error(Code::TooManyUnions, token.span, message)
                        .with_help("several `INSERT INTO s SELECT …` into one stream combine queries, too"));
                }
            }
            Keyword::OR | Keyword::XOR => {
                let level = self.level();
                level.betweens = 0;
                level.chains = Chains {
                    or: level.chains.or + 1,
                    ..Chains::default()
                };
            }
            Keyword::AND => self.and(),
            Keyword::BETWEEN => {
                self.level().betweens += 1;
                self.comparison();
            }
            Keyword::LIKE | Keyword::ILIKE | Keyword::SIMILAR | Keyword::IN | Keyword::IS => {
                self.comparison();
            }
            Keyword::COLLATE | Keyword::AT => self.level().chains.cast += 1,
            _ => {}
        }
        Ok(())
    }

    fn begin_clause(&mut self, clause: Clause) {
        let level = self.level();
        level.clause = clause;
        level.begin_item();
    }

    fn and(&mut self) {
        let level = self.level();
        if level.betweens > 0 {
            level.betweens -= 1;
            return;
        }
        level.chains = Chains {
            or: level.chains.or,
            and: level.chains.and + 1,
            ..Chains::default()
        };
    }

    fn comparison(&mut self) {
        let level = self.level();
        let Chains {
            or, and, comparison, ..
        } = level.chains;
        level.chains = Chains {
            or,
            and,
            comparison: comparison + 1,
            ..Chains::default()
        };
    }

    fn operator(&mut self, kind: &Kind) {
        match kind {
            Kind::Eq | Kind::Neq | Kind::Lt | Kind::Gt | Kind::LtEq | Kind::GtEq | Kind::DoubleEq => {
                self.comparison();
            }
            Kind::DoubleColon => self.level().chains.cast += 1,
            Kind::Number(..)
            | Kind::SingleQuotedString(_)
            | Kind::EscapedStringLiteral(_)
            | Kind::Period
            | Kind::Colon
            | Kind::RArrow => {}
            _ => {
                let level = self.level();
                level.chains.arithmetic += 1;
                level.chains.cast = 0;
            }
        }
    }

    fn check_depth(&mut self, token: &Token) -> Result<(), Diagnostic> {
        let prefixes = self.prefixes;
        let level = self.level();
        if level.chains.longest() >= CHAIN_TERMS_MAX {
            let message = format!("one chain of operators has more than {CHAIN_TERMS_MAX} terms");
            return Err(Diagnostic::error(Code::ChainTooLong, token.span, message)
                .with_help("`x IN (…)` says the same in a shorter way"));
        }
        level.depth = level.depth.max(level.chains.sum() + level.depth_below + prefixes);
        if level.depth > DEPTH_MAX {
            return Err(Diagnostic::error(
                Code::NestedTooDeep,
                token.span,
                format!("the expression is more than {DEPTH_MAX} operators deep"),
            )
            .with_help("compute parts of it in a sub-query or a view"));
        }
        Ok(())
    }

    #[cfg(test)]
    fn nesting(&self) -> usize {
        self.levels.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostic::SourceText, text::token::tokenise};

    fn check_text(text: &str) -> Result<(), &'static str> {
        let source = SourceText::new("t", text);
        let tokens = tokenise(&source).unwrap();
        check(&tokens).map_err(|diagnostic| diagnostic.code.name())
    }

    fn repeat(part: &str, count: usize, between: &str) -> String {
        vec![part; count].join(between)
    }

    #[test]
    fn chains_are_bounded_per_operator() {
        for operator in [" AND ", " OR ", " + ", " || ", " -> ", " = "] {
            assert_eq!(
                check_text(&format!("SELECT {}", repeat("a", 500, operator))),
                Ok(()),
                "{operator}"
            );
            let refused = check_text(&format!("SELECT {}", repeat("a", 501, operator)));
            assert_eq!(refused, Err("chain-too-long"), "{operator}");
        }
        assert_eq!(
            check_text(&format!("SELECT a{}", repeat("::INT", 499, ""))),
            Ok(())
        );
        assert_eq!(
            check_text(&format!("SELECT a{}", repeat("::INT", 500, ""))),
            Err("chain-too-long")
        );
        assert_eq!(
            check_text(&format!("SELECT a{}", repeat("[1]", 500, ""))),
            Err("chain-too-long")
        );
        assert_eq!(
            check_text(&format!("SELECT a {}", repeat("IS NULL", 500, " "))),
            Err("chain-too-long")
        );
    }

    #[test]
    fn terms_of_different_chains_do_not_add_up() {
        let condition = repeat("(a = 1 OR b BETWEEN 2 AND 3)", 400, " AND ");
        assert_eq!(check_text(&format!("SELECT x FROM s WHERE {condition}")), Ok(()));
        let columns = repeat("a + b + c", 1_500, ", ");
        assert_eq!(check_text(&format!("SELECT {columns} FROM s")), Ok(()));
    }

    #[test]
    fn chains_within_chains_are_bounded_in_sum() {
        let mut text = "a".to_string();
        for _ in 0..4 {
            text = format!("({text}) + {}", repeat("b", 400, " + "));
        }
        assert_eq!(check_text(&format!("SELECT {text}")), Err("nested-too-deep"));
    }

    #[test]
    fn nesting_is_bounded_for_every_bracket() {
        for (open, close) in [("(", ")"), ("[", "]"), ("CASE WHEN ", " THEN 1 END"), ("f(", ")")] {
            let nested = |depth: usize| format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(check_text(&nested(90)), Ok(()), "{open}");
            assert_eq!(check_text(&nested(101)), Err("nested-too-deep"), "{open}");
        }
        let types = format!("SELECT CAST(a AS {}INT{})", "ARRAY<".repeat(101), ">".repeat(101));
        assert_eq!(check_text(&types), Err("nested-too-deep"));
        let types = format!(
            "SELECT CAST(a AS {}INT{})",
            "STRUCT<a ".repeat(101),
            ">".repeat(101)
        );
        assert_eq!(check_text(&types), Err("nested-too-deep"));
    }

    #[test]
    fn brackets_closed_are_forgotten() {
        let source = SourceText::new(
            "t",
            "SELECT ((a)), ARRAY<INT>, CASE WHEN x THEN [1] END, {b}, MAP<A,ARRAY<B>>",
        );
        let tokens = tokenise(&source).unwrap();
        let mut scan = Scan::new();
        for (index, token) in tokens.iter().enumerate() {
            let previous = index.checked_sub(1).map(|index| &tokens[index]);
            scan.step(previous, token, tokens.get(index + 1)).unwrap();
        }
        assert_eq!(scan.nesting(), 0);
    }

    #[test]
    fn prefix_operators_are_bounded() {
        for prefix in ["NOT ", "- ", "+ ", "INTERVAL ", "~ ", "EXPLAIN "] {
            assert_eq!(
                check_text(&format!("SELECT {}1", prefix.repeat(101))),
                Err("nested-too-deep")
            );
        }
    }

    #[test]
    fn joins_unions_and_columns_are_bounded_per_statement() {
        let joined = |count: usize| format!("SELECT * FROM a{}", " JOIN b ON a.x = b.x".repeat(count));
        assert_eq!(check_text(&joined(64)), Ok(()));
        assert_eq!(check_text(&joined(65)), Err("too-many-joins"));
        assert_eq!(
            check_text(&format!("SELECT * FROM {}", repeat("a", 66, ", "))),
            Err("too-many-joins")
        );
        assert_eq!(check_text(&format!("{0};{0}", joined(64))), Ok(()));

        assert_eq!(check_text(&repeat("SELECT 1", 500, " UNION ALL ")), Ok(()));
        assert_eq!(
            check_text(&repeat("SELECT 1", 501, " UNION ALL ")),
            Err("too-many-unions")
        );

        assert_eq!(
            check_text(&format!("SELECT {} FROM s", repeat("a", 2_000, ","))),
            Ok(())
        );
        assert_eq!(
            check_text(&format!("SELECT {} FROM s", repeat("a", 2_001, ","))),
            Err("too-many-columns")
        );
        let columns = repeat("a INT", 2_001, ",");
        assert_eq!(
            check_text(&format!("CREATE STREAM s ({columns})")),
            Err("too-many-columns")
        );
    }

    #[test]
    fn long_lists_of_values_are_fine() {
        let list = repeat("1", 5_000, ",");
        assert_eq!(
            check_text(&format!("SELECT a FROM s WHERE a IN ({list})")),
            Ok(())
        );
        assert_eq!(check_text(&format!("SELECT ARRAY[{list}]")), Ok(()));
        assert_eq!(
            check_text(&format!("INSERT INTO s VALUES {}", repeat("(1)", 4_000, ","))),
            Ok(())
        );
    }

    #[test]
    fn doubled_parentheses_of_relations_are_bounded() {
        let nested = |depth: usize| {
            format!(
                "SELECT * FROM {}a{}",
                "((SELECT * FROM ".repeat(depth),
                "))".repeat(depth)
            )
        };
        assert_eq!(check_text(&nested(8)), Ok(()));
        assert_eq!(check_text(&nested(9)), Err("nested-too-deep"));
    }

    #[test]
    fn names_that_look_like_keywords_do_not_open_levels() {
        assert_eq!(
            check_text(&format!("SELECT {}", repeat("a.case", 300, ", "))),
            Ok(())
        );
    }
}
