//! Tokens: who may come in, and who each of those is.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use super::gauge::Gauge;
use crate::gateway::client::Principal;

/// Where a token may stand instead of `Authorization: Bearer`.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// A token that is shorter than this can be guessed.
const WEAK: usize = 16;

/// The tokens that are taken. Only keyed digests of them are kept.
#[derive(Clone, Default)]
pub(super) struct Tokens {
    /// Whether a token is asked for. Stays so if none of those that were given can be used.
    required: bool,
    /// By the digest of the token.
    known: HashMap<Principal, Known>,
    /// What is wrong with tokens that were given; they are not taken.
    problems: Vec<String>,
}

/// Whose a token is.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) principal: Principal,
    /// Requests in flight.
    pub(super) load: Arc<Gauge>,
}

/// Why nobody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// No token was shown.
    Missing,
    /// The token is none of ours, or several were shown.
    Wrong,
}

impl Tokens {
    /// Takes `token`, as the token of `name` if there is one.
    pub(super) fn add(&mut self, name: Option<&str>, token: &str) {
        self.required = true;
        let whose = name.map_or_else(String::new, |name| format!(" of \"{name}\""));
        if token.is_empty() {
            self.problems.push(format!("a token{whose} is empty"));
            return;
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.problems.push(format!(
                "a token{whose} has characters that no header carries: take visible ASCII without spaces"
            ));
            return;
        }
        if token.len() < WEAK {
            tracing::warn!("a token{whose} has fewer than {WEAK} characters and can be guessed");
        }
        let digest = InboundToken(token.as_bytes()).digest();
        let principal = name.map_or_else(|| digest.clone(), Principal::new);
        // Several tokens of one name are one client.
        let load = self
            .known
            .values()
            .find(|known| known.principal == principal)
            .map_or_else(Arc::default, |known| Arc::clone(&known.load));
        self.known.insert(digest, Known { principal, load });
    }

    /// Takes the tokens of a text with one on each line, `token` or `name:token`. Lines that are empty or begin with
    /// `#` say nothing.
    pub(super) fn add_lines(&mut self, text: &str) {
        self.required = true;
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            match line.split_once(':') {
                Some((name, token)) => self.add(Some(name.trim()), token.trim()),
                None => self.add(None, line),
            }
        }
    }

    /// Whether a token is asked for.
    pub(super) fn are_required(&self) -> bool {
        self.required
    }

    /// Why these tokens cannot protect anything.
    pub(super) fn problem(&self) -> Option<String> {
        if !self.problems.is_empty() {
            return Some(self.problems.join("; "));
        }
        (self.required && self.known.is_empty()).then(|| "there is no token".to_owned())
    }

    /// Whose token a request shows; `None` where none is asked for.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<Option<&Known>, Denied> {
        if !self.required {
            return Ok(None);
        }
        let token = InboundToken::of(headers)?;
        self.known
            .get(&token.digest())
            .map(Some)
            .ok_or(Denied::Wrong)
    }

    /// Takes away what proves who a client is: nobody behind the front has use for it.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        for name in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
            headers.remove(name);
        }
        if self.required {
            headers.remove(API_KEY);
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.known.len())
    }
}

/// What a client shows. It can be looked up and is good for nothing else: it cannot be read, printed, or made a header
/// of another request.
struct InboundToken<'h>(&'h [u8]);

impl<'h> InboundToken<'h> {
    /// The one token of a request.
    fn of(headers: &'h HeaderMap) -> Result<Self, Denied> {
        let mut bearers = headers.get_all(AUTHORIZATION).iter();
        let mut keys = headers.get_all(API_KEY).iter();
        let token = match (bearers.next(), keys.next()) {
            (Some(bearer), None) => bearer_token(bearer.as_bytes()).ok_or(Denied::Wrong)?,
            (None, Some(key)) => key.as_bytes(),
            (None, None) => return Err(Denied::Missing),
            // Which one to believe?
            (Some(_), Some(_)) => return Err(Denied::Wrong),
        };
        match bearers.next().or(keys.next()) {
            None => Ok(Self(token)),
            Some(_) => Err(Denied::Wrong),
        }
    }

    /// What it is looked up by. Keyed with a secret of this process: how long comparing digests takes tells nothing
    /// about a token, because nobody outside can choose a digest.
    fn digest(&self) -> Principal {
        Principal::of_token(self.0)
    }
}

fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

/// A line for each trait by which a token could get out. It does not compile if the token has the trait.
const _: () = {
    macro_rules! never {
        ($($bound:path),+ $(,)?) => { $({
            trait Has<Which> { fn has() {} }
            impl<T: ?Sized> Has<()> for T {}
            impl<T: ?Sized + $bound> Has<u8> for T {}
            let _ = <InboundToken<'static> as Has<_>>::has;
        })+ };
    }
    never!(
        Clone,
        fmt::Debug,
        fmt::Display,
        AsRef<str>,
        AsRef<[u8]>,
        std::ops::Deref,
        Into<http::HeaderValue>,
        TryInto<http::HeaderValue>,
        Into<Vec<u8>>,
        Into<String>,
        serde::Serialize,
    );
};

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(lines: &str) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.add_lines(lines);
        tokens
    }

    fn shown(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_whoever_shows_one_of_the_tokens_is_let_in() {
        let tokens = tokens("# people\nalice:sesame-sesame-sesame\n\n nameless-nameless \n");
        assert_eq!(tokens.problem(), None);
        for (headers, expected) in [
            (
                &[("authorization", "Bearer sesame-sesame-sesame")][..],
                Ok(()),
            ),
            (
                &[("authorization", "bEARER  sesame-sesame-sesame ")],
                Ok(()),
            ),
            (&[("x-api-key", "nameless-nameless")], Ok(())),
            (&[], Err(Denied::Missing)),
            (&[("cookie", "sesame-sesame-sesame")], Err(Denied::Missing)),
            (
                &[("authorization", "Bearer alice:sesame-sesame-sesame")],
                Err(Denied::Wrong),
            ),
            (
                &[("authorization", "Bearer sesame-sesame-sesam")],
                Err(Denied::Wrong),
            ),
            (&[("authorization", "Bearer ")], Err(Denied::Wrong)),
            (&[("authorization", "Bearer")], Err(Denied::Wrong)),
            (&[("authorization", "")], Err(Denied::Wrong)),
            (
                &[("authorization", "Basic sesame-sesame-sesame")],
                Err(Denied::Wrong),
            ),
            (
                &[("authorization", "sesame-sesame-sesame")],
                Err(Denied::Wrong),
            ),
            (&[("x-api-key", "")], Err(Denied::Wrong)),
            (
                &[
                    ("authorization", "Bearer sesame-sesame-sesame"),
                    ("x-api-key", "nameless-nameless"),
                ],
                Err(Denied::Wrong),
            ),
        ] {
            let headers_shown = shown(headers);
            let checked = tokens
                .check(&headers_shown)
                .map(|known| assert!(known.is_some()));
            assert_eq!(checked, expected, "{headers:?}");
        }
        let mut twice = shown(&[("authorization", "Bearer sesame-sesame-sesame")]);
        twice.append(AUTHORIZATION, "Bearer nameless-nameless".parse().unwrap());
        assert_eq!(tokens.check(&twice).err(), Some(Denied::Wrong));
        assert!(
            Tokens::default()
                .check(&HeaderMap::new())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn tokens_of_one_name_are_one_client_and_others_are_not() {
        let tokens = tokens(
            "alice:first-first-first\nalice:second-second\nbob:third-third-third\nfourth-fourth",
        );
        let who = |token: &str| {
            let headers = shown(&[("x-api-key", token)]);
            tokens.check(&headers).unwrap().unwrap().clone()
        };
        let (first, second) = (who("first-first-first"), who("second-second"));
        assert_eq!(first.principal, second.principal);
        assert_eq!(first.principal, Principal::new("alice"));
        assert!(Arc::ptr_eq(&first.load, &second.load));
        let others = [
            who("third-third-third").principal,
            who("fourth-fourth").principal,
        ];
        assert!(!others.contains(&first.principal) && others[0] != others[1]);
    }

    #[test]
    fn tokens_that_cannot_be_used_open_nothing() {
        for (lines, problem) in [
            ("", "there is no token"),
            ("# none\n", "there is no token"),
            ("alice:", "a token of \"alice\" is empty"),
            ("alice:two words", "a token of \"alice\" has characters"),
            ("schlüssel", "a token has characters"),
        ] {
            let tokens = tokens(lines);
            let said = tokens.problem().expect(lines);
            assert!(said.starts_with(problem), "{said}");
            assert!(!said.contains("words") && !said.contains("schl"), "{said}");
            for value in ["", "Bearer ", "Bearer alice:"] {
                let headers = shown(&[("authorization", value)]);
                assert!(tokens.check(&headers).is_err(), "{lines:?} {value:?}");
            }
        }
    }

    #[test]
    fn nothing_of_a_token_is_shown_or_passed_on() {
        let tokens = tokens("alice:sesame-sesame-sesame");
        let who = shown(&[("authorization", "Bearer sesame-sesame-sesame")]);
        let known = tokens.check(&who).unwrap();
        for text in [format!("{tokens:?}"), format!("{known:?}")] {
            assert!(
                !text.contains("sesame") && !text.contains("alice"),
                "{text}"
            );
        }
        let mut headers = shown(&[
            ("authorization", "Bearer a"),
            ("proxy-authorization", "Basic b"),
            ("cookie", "c=d"),
            ("x-api-key", "e"),
            ("accept-language", "de"),
        ]);
        tokens.strip(&mut headers);
        assert_eq!(
            headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["accept-language"]
        );
    }
}
