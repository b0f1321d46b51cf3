//! Which SQL `sqlparser` reads: PostgreSQL's expressions and names, with the types and quotes of the streaming world.

use std::{any::TypeId, cell::Cell};

use sqlparser::{
    ast::{Expr, Ident},
    dialect::{Dialect, PostgreSqlDialect, Precedence},
    keywords::{Keyword, RESERVED_FOR_IDENTIFIER},
    parser::{Parser, ParserError},
    tokenizer::Token,
};

/// The dialect of one parse.
///
/// `sqlparser` tries some constructs in several ways, and nested tries multiply. The dialect counts the expressions
/// begun in one parse and stops it when there are far more than tokens.
#[derive(Debug)]
pub(crate) struct EventFluxDialect {
    steps_left: Cell<u64>,
}

impl EventFluxDialect {
    /// A dialect for one parse of `token_count` tokens.
    pub(crate) fn new(token_count: usize) -> Self {
        const STEPS_PER_TOKEN: u64 = 16;
        const STEPS_MIN: u64 = 1_000;
        Self {
            steps_left: Cell::new(token_count as u64 * STEPS_PER_TOKEN + STEPS_MIN),
        }
    }
}

/// Words that begin a special form only when followed by its opening sign; otherwise they are names.
fn is_special_form(keyword: Keyword, next: &Token) -> bool {
    match keyword {
        Keyword::ARRAY => matches!(next, Token::LBracket | Token::LParen | Token::Lt),
        Keyword::STRUCT => matches!(next, Token::LParen | Token::Lt),
        Keyword::INTERVAL => {
            matches!(
                next,
                Token::SingleQuotedString(_) | Token::Number(..) | Token::Minus | Token::Plus
            )
        }
        _ => matches!(next, Token::LParen),
    }
}

/// Words whose special form fails where it fails: trying them again as a name would hide the place of the mistake,
/// and cost twice the time at every level of nesting.
const SPECIAL_FORMS: &[Keyword] = &[
    Keyword::ARRAY,
    Keyword::CAST,
    Keyword::CEIL,
    Keyword::CONVERT,
    Keyword::EXISTS,
    Keyword::EXTRACT,
    Keyword::FLOOR,
    Keyword::INTERVAL,
    Keyword::OVERLAY,
    Keyword::POSITION,
    Keyword::SAFE_CAST,
    Keyword::STRUCT,
    Keyword::SUBSTR,
    Keyword::SUBSTRING,
    Keyword::TRIM,
    Keyword::TRY_CAST,
];

impl Dialect for EventFluxDialect {
    /// Where `sqlparser` asks which dialect it is, it is PostgreSQL.
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let steps_left = self.steps_left.get();
        if steps_left == 0 {
            // The one error that no attempt of the parser swallows.
            return Some(Err(ParserError::RecursionLimitExceeded));
        }
        self.steps_left.set(steps_left - 1);
        let [token, next] = parser.peek_tokens_ref::<2>();
        let Token::Word(word) = &token.token else {
            return None;
        };
        if word.quote_style.is_some()
            || !SPECIAL_FORMS.contains(&word.keyword)
            || is_special_form(word.keyword, &next.token)
        {
            return None;
        }
        let name = Ident {
            value: word.value.clone(),
            quote_style: None,
            span: token.span,
        };
        parser.advance_token();
        Some(Ok(Expr::Identifier(name)))
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        matches!(keyword, Keyword::CASE | Keyword::NOT | Keyword::NULL)
            || SPECIAL_FORMS.contains(&keyword)
            || RESERVED_FOR_IDENTIFIER.contains(&keyword)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"' || ch == '`'
    }

    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('"')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        PostgreSqlDialect {}.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(precedence)
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_select_wildcard_except(&self) -> bool {
        true
    }

    fn supports_select_wildcard_exclude(&self) -> bool {
        true
    }

    fn supports_select_wildcard_replace(&self) -> bool {
        true
    }

    fn supports_struct_literal(&self) -> bool {
        true
    }

    fn supports_map_literal_with_angle_brackets(&self) -> bool {
        true
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        true
    }

    fn supports_long_type_as_bigint(&self) -> bool {
        true
    }

    /// Read, to be refused with a reason.
    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }
}
