//! Who a client acts for.

use std::fmt;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap};
use ring::{hmac, rand};

/// Characters of the digest that `Debug` shows.
const SHOWN: usize = 8;

/// Who an HTTP client acts for.
///
/// What belongs to one client is never used for another: sessions, the instances of children that
/// may ask it, calls that wait for its answer. Where requests stand alone (2026-07-28), "the same
/// client" means the same principal. Where the server asks for
/// [tokens](crate::HttpOptions::bearer), it is whoever the token belongs to. Else it is the digest of
/// the request's `Authorization` header, and without one all clients are the one anonymous principal.
///
/// A program that [serves a composition itself](crate::Running::router) and knows its users better
/// says so by an extension of the request. Sessions of clients up to 2025-11-25 are bound to a
/// principal that is named so. One that is only a header is not held against them: a token that is
/// renewed in the middle of a session must not end it, and the session's id is a secret of its own.
///
/// ```
/// use mcp_compose::Principal;
///
/// async fn name_the_user(
///     mut request: axum::extract::Request,
///     next: axum::middleware::Next,
/// ) -> axum::response::Response {
///     // Whatever checks the request's credentials knows the name.
///     let user = "alice@example.com";
///     request.extensions_mut().insert(Principal::new(user));
///     next.run(request).await
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    digest: Arc<str>,
    /// Named by a program that knows its users, or by a token that was checked; not only told from
    /// others by a header.
    named: bool,
}

impl Principal {
    /// The user of this name. Neither the name nor a credential can be read from a principal.
    #[must_use]
    pub fn new(name: impl AsRef<str>) -> Self {
        Self {
            named: true,
            ..Self::digest("named", [name.as_ref().as_bytes()])
        }
    }

    /// Whoever does not say who it is.
    pub(crate) fn anonymous() -> Self {
        static ANONYMOUS: LazyLock<Principal> = LazyLock::new(|| Principal {
            digest: "anonymous".into(),
            named: false,
        });
        ANONYMOUS.clone()
    }

    /// Who sent an HTTP request.
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        if let Some(known) = extensions.get::<Self>() {
            return known.clone();
        }
        if !headers.contains_key(AUTHORIZATION) {
            return Self::anonymous();
        }
        let credentials = headers.get_all(AUTHORIZATION).iter();
        Self::digest("authorization", credentials.map(|value| value.as_bytes()))
    }

    /// Whoever shows this token, which the front knows.
    pub(crate) fn of_token(token: &[u8]) -> Self {
        Self {
            named: true,
            ..Self::digest("token", [token])
        }
    }

    /// Whether it is known who this is, rather than only that it is the same as before.
    pub(crate) fn is_known(&self) -> bool {
        self.named
    }

    /// A text that differs between principals, for what is bound to one of them.
    pub(crate) fn as_str(&self) -> &str {
        &self.digest
    }

    /// The same, for who keeps it.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.digest)
    }

    /// Whether a request of this principal may use a session that `owner` began.
    pub(crate) fn shares_sessions_with(&self, owner: &Self) -> bool {
        self == owner || !(self.named || owner.named)
    }

    /// Keyed with a secret of this process: a digest that gets out tells nothing about what it was
    /// made of, however easy that is to guess.
    fn digest<'p>(kind: &str, parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        static KEY: LazyLock<hmac::Key> = LazyLock::new(|| {
            hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new())
                .expect("the system has random bytes")
        });
        let mut context = hmac::Context::with_key(&KEY);
        context.update(kind.as_bytes());
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        Self {
            digest: URL_SAFE_NO_PAD.encode(context.sign()).into(),
            named: false,
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.digest.get(..SHOWN) {
            Some(shown) if *self != Self::anonymous() => write!(f, "Principal({shown}..)"),
            _ => f.write_str("Principal(anonymous)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(credentials: &[&str], name: Option<&str>) -> Principal {
        let mut headers = HeaderMap::new();
        for value in credentials {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        if let Some(name) = name {
            extensions.insert(Principal::new(name));
        }
        Principal::of(&headers, &extensions)
    }

    #[test]
    fn principals_differ_exactly_when_who_sends_differs() {
        let all = [
            of(&[], None),
            of(&[""], None),
            of(&["Bearer one"], None),
            of(&["Bearer two"], None),
            of(&["Bearer one", "Bearer two"], None),
            of(&["Bearer oneBearer two"], None),
            of(&[], Some("Bearer one")),
            of(&[], Some("anonymous")),
        ];
        for (n, one) in all.iter().enumerate() {
            for (m, other) in all.iter().enumerate() {
                assert_eq!(one == other, n == m, "{n} {m}");
                assert_eq!(one.shared() == other.shared(), n == m, "{n} {m}");
            }
        }
        assert_eq!(of(&["Bearer one"], None), of(&["Bearer one"], None));
        assert_eq!(of(&["Bearer one"], Some("a")), of(&[], Some("a")));
        assert_eq!(of(&[], None), Principal::anonymous());
    }

    #[test]
    fn no_credential_can_be_read_from_a_principal() {
        let principal = of(&["Bearer sesame"], None);
        assert!(!principal.shared().contains("sesame"));
        let shown = format!("{principal:?}");
        assert_eq!(shown.len(), "Principal(..)".len() + SHOWN);
        assert!(!shown.contains(&*principal.shared()));
    }
}
