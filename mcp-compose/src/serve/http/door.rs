//! Who is let in, for listeners beside the front: the checks that the front makes, by the same settings.

use http::HeaderMap;

use super::auth::Tokens;
use super::guard::Guard;
use super::options::HttpOptions;

/// Who is let in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    guard: Guard,
    tokens: Tokens,
}

impl Door {
    pub(crate) fn of(options: HttpOptions) -> Self {
        Self {
            guard: Guard {
                hosts: options.hosts,
                origins: options.origins,
            },
            tokens: options.tokens,
        }
    }

    /// Says why a request is refused, whatever it shows: its `Host`, or the page that sends it.
    /// Unlike those of the front, its own pages may: it has some.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        match self.guard.check(headers) {
            Err(_) if self.guard.is_of_own_page(headers) => Ok(()),
            checked => checked,
        }
    }

    /// Whether everybody who passes [`check`](Self::check) is let in.
    pub(crate) fn is_open(&self) -> bool {
        !self.tokens.are_required()
    }

    /// Whether the request shows what lets it in: a token, where one is asked for.
    pub(crate) fn lets_in(&self, headers: &HeaderMap) -> bool {
        self.tokens.check(headers).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{HOST, ORIGIN};

    use super::*;

    #[test]
    fn its_own_pages_may_use_it_under_the_names_that_are_allowed() {
        let check = |options: HttpOptions, host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            headers.insert(ORIGIN, origin.parse().unwrap());
            Door::of(options).check(&headers).is_ok()
        };
        let named = || HttpOptions::default().allow_host("box.local");
        for (host, origin, allowed) in [
            ("box.local:9", "http://box.local:9", true),
            ("box.local", "https://box.local", true),
            ("box.local:9", "http://box.local:10", false),
            ("box.local:9", "http://evil.example:9", false),
            ("evil.example", "http://evil.example", false),
            ("localhost:9", "http://localhost:9", true),
        ] {
            assert_eq!(check(named(), host, origin), allowed, "{host} {origin}");
        }
        let any = HttpOptions::default().allow_any_host();
        assert!(!check(any, "evil.example", "http://evil.example"));
    }
}
