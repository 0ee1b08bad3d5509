//! Browsers that have shown the token, and forms that are ours.

use std::collections::VecDeque;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{COOKIE, HOST, HeaderMap, HeaderValue};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::wire::peer::lock;

/// Most browsers that are logged in at once; the one that came first is forgotten for another.
const MOST: usize = 32;
/// What the name of the cookie begins with. The port follows: cookies are for all ports of a host.
const COOKIE_NAME: &str = "mcp_compose_admin";

/// Who is logged in. All is forgotten when the process ends.
pub(super) struct Logins {
    key: hmac::Key,
    random: SystemRandom,
    ids: Mutex<VecDeque<String>>,
}

impl Logins {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        Self {
            key: hmac::Key::generate(hmac::HMAC_SHA256, &random)
                .expect("the system has random bytes"),
            random,
            ids: Mutex::default(),
        }
    }

    /// Logs a browser in: what it is to send from now on. `None` where the system has no random bytes.
    pub(super) fn open(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).ok()?;
        let id = URL_SAFE_NO_PAD.encode(bytes);
        let name = cookie_name(headers);
        let cookie = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict");
        let mut ids = lock(&self.ids);
        while ids.len() >= MOST {
            ids.pop_front();
        }
        ids.push_back(id);
        cookie.parse().ok()
    }

    /// Whether a request comes from a browser that is logged in.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        shown(headers).is_some_and(|id| {
            let ids = lock(&self.ids);
            // Ids are compared by a keyed digest: how long that takes tells nothing.
            let tag = hmac::sign(&self.key, id.as_bytes());
            ids.iter()
                .any(|known| hmac::verify(&self.key, known.as_bytes(), tag.as_ref()).is_ok())
        })
    }

    /// What forms on a page for this browser carry: no page of another origin can read it.
    pub(super) fn form_token(&self, headers: &HeaderMap) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, &form_text(headers)))
    }

    /// Whether a form stood on a page for this browser.
    pub(super) fn is_ours(&self, headers: &HeaderMap, token: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(token)
            .is_ok_and(|tag| hmac::verify(&self.key, &form_text(headers), &tag).is_ok())
    }
}

fn form_text(headers: &HeaderMap) -> Vec<u8> {
    format!("form of {}", shown(headers).unwrap_or_default()).into_bytes()
}

/// What the cookie of this listener is called, as the browser names it.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let port = host
        .and_then(|host| host.rsplit_once(':'))
        .map(|(_, port)| port);
    match port.and_then(|port| port.parse::<u16>().ok()) {
        Some(port) => format!("{COOKIE_NAME}_{port}"),
        None => COOKIE_NAME.to_owned(),
    }
}

/// The id that a browser shows.
fn shown(headers: &HeaderMap) -> Option<&str> {
    let name = cookie_name(headers);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(&*name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(cookie: &HeaderValue) -> HeaderMap {
        let value = cookie.to_str().unwrap().split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, format!("other=1; {value}").parse().unwrap());
        headers
    }

    #[test]
    fn only_browsers_that_logged_in_are_known_and_the_first_is_forgotten() {
        let logins = Logins::new();
        assert!(!logins.knows(&HeaderMap::new()));
        let made_up = HeaderValue::from_static("mcp_compose_admin=");
        assert!(!logins.knows(&browser(&made_up)));
        let first = logins.open(&HeaderMap::new()).unwrap();
        assert!(logins.knows(&browser(&first)));
        assert!(!Logins::new().knows(&browser(&first)), "another process");
        for _ in 0..MOST {
            assert!(logins.knows(&browser(&logins.open(&HeaderMap::new()).unwrap())));
        }
        assert!(!logins.knows(&browser(&first)));
    }

    #[test]
    fn a_login_is_for_one_port() {
        let logins = Logins::new();
        let at =
            |host: &'static str| HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        let cookie = logins.open(&at("localhost:9808")).unwrap();
        let mut here = browser(&cookie);
        assert!(!logins.knows(&here));
        here.extend(at("localhost:9808"));
        assert!(logins.knows(&here));
        here.extend(at("localhost:9809"));
        assert!(!logins.knows(&here));
    }

    #[test]
    fn a_form_is_good_for_the_browser_that_it_was_made_for() {
        let logins = Logins::new();
        let one = browser(&logins.open(&HeaderMap::new()).unwrap());
        let other = browser(&logins.open(&HeaderMap::new()).unwrap());
        let token = logins.form_token(&one);
        assert!(logins.is_ours(&one, &token));
        assert!(!logins.is_ours(&other, &token));
        assert!(!logins.is_ours(&HeaderMap::new(), &token));
        for wrong in ["", "AAAA", "not base64!"] {
            assert!(!logins.is_ours(&one, wrong));
        }
        assert!(!Logins::new().is_ours(&one, &token));
    }
}
