//! Arguments of window functions.

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Token as Kind, Word},
};

use super::PARTITION_ARGUMENT;
use crate::{diagnostic::SourceText, statement::window::function_kind, text::token::Token};

/// Rewrites the arguments of every window function among the tokens.
pub(super) fn splice(source: &SourceText, tokens: &[Token]) -> Vec<Token> {
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    // For every open bracket, whether it holds a window function's arguments.
    let mut levels: Vec<bool> = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let is_argument = levels.last() == Some(&true);
        let begins_argument = is_argument
            && result.last().is_some_and(|previous| {
                previous.is(&Kind::LParen) || previous.is(&Kind::Comma) || previous.is(&Kind::RArrow)
            });
        match token.kind() {
            Kind::LParen | Kind::LBracket => {
                let is_qualified = result
                    .iter()
                    .rev()
                    .nth(1)
                    .is_some_and(|before| before.is(&Kind::Period));
                let name = result.last().and_then(Token::bare_word).filter(|_| !is_qualified);
                let is_call = name.is_some_and(|name| function_kind(name).is_some());
                levels.push(token.is(&Kind::LParen) && is_call);
            }
            Kind::RParen | Kind::RBracket => {
                levels.pop();
            }
            _ => {}
        }
        let next = tokens.get(index + 1);
        if begins_argument && token.is_word("TABLE") && next.is_some_and(begins_relation) {
            index += 1;
            continue;
        }
        if is_argument && token.is_word("PARTITION") && next.is_some_and(|next| next.is_word("BY")) {
            result.push(Token::at(token, Kind::Comma));
            result.push(Token::at(token, word(PARTITION_ARGUMENT)));
            result.push(Token::at(token, Kind::RArrow));
            index += 2;
            continue;
        }
        let sign = usize::from(token.is(&Kind::Minus));
        if begins_argument && let Some(length) = duration_length(&tokens[index + sign..]) {
            let number = index + sign;
            result.extend_from_slice(&tokens[index..number]);
            result.extend(interval(source, &tokens[number..number + length]));
            index = number + length;
            continue;
        }
        result.push(token.clone());
        index += 1;
    }
    result
}

fn word(text: &str) -> Kind {
    Kind::Word(Word {
        value: text.to_string(),
        quote_style: None,
        keyword: Keyword::NoKeyword,
    })
}

fn begins_relation(token: &Token) -> bool {
    token.word().is_some() || token.is(&Kind::LParen)
}

/// How many tokens `1 hour 30 minutes` takes. A number with a word behind it can be nothing else in an argument; whether
/// the word is a unit is said later, with its place.
fn duration_length(tokens: &[Token]) -> Option<usize> {
    let is_pair =
        |pair: &[Token]| matches!(pair[0].kind(), Kind::Number(..)) && pair[1].bare_word().is_some();
    let pairs = tokens.chunks_exact(2).take_while(|pair| is_pair(pair)).count();
    (pairs > 0).then_some(pairs * 2)
}

fn interval(source: &SourceText, tokens: &[Token]) -> Vec<Token> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Vec::new();
    };
    let span = first.span.to(last.span);
    let text = source.slice(span).to_string();
    let mut literal = Token::at(first, Kind::SingleQuotedString(text));
    literal.span = span;
    literal.inner.span.end = last.inner.span.end;
    vec![Token::at(first, Kind::make_keyword("INTERVAL")), literal]
}
