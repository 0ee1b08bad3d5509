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
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        self.guard.check(headers)
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
