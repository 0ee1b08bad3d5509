//! Texts that a client keeps for us and cannot read, change, or use for anything else.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// Longest state that is looked at: more than a message of a client holds.
const MAX_STATE: usize = 4 * 1024 * 1024;
const EXPIRY_LEN: usize = size_of::<u64>();
const TAG_LEN: usize = 16;
/// What of [`MAX_STATE`] is left for a payload: the rest is the seal, and a third is lost to base64.
const MAX_PAYLOAD: usize = MAX_STATE / 4 * 3 - NONCE_LEN - EXPIRY_LEN - TAG_LEN;

/// The seals of this process: what one process has sealed no other opens.
pub(crate) struct Seals {
    key: LessSafeKey,
    random: SystemRandom,
    /// What expiry is counted from: a clock that is set does not move it.
    began: Instant,
}

/// Why a state is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// Forged, changed, of another process, or of another request.
    #[error("was not given by this server for this request")]
    NotOurs,
    /// Its time has passed.
    #[error("has expired")]
    Expired,
}

impl Seals {
    /// Seals with a key that only this process ever has.
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let key = UnboundKey::new(&CHACHA20_POLY1305, &fill::<32>(&random))
            .expect("a key of this algorithm has 32 bytes");
        Self {
            key: LessSafeKey::new(key),
            random,
            began: Instant::now(),
        }
    }

    /// Seals `payload`. It opens with the same `binding` only, and for `ttl`. `None`: it is longer than
    /// what would be opened.
    pub(crate) fn seal(&self, payload: &str, binding: &str, ttl: Duration) -> Option<String> {
        if payload.len() > MAX_PAYLOAD {
            return None;
        }
        let nonce = fill::<NONCE_LEN>(&self.random);
        let expiry = self.now().saturating_add(millis(ttl));
        let mut sealed = Vec::with_capacity(NONCE_LEN + EXPIRY_LEN + payload.len() + TAG_LEN);
        sealed.extend_from_slice(&nonce);
        let mut text = expiry.to_be_bytes().to_vec();
        text.extend_from_slice(payload.as_bytes());
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(binding.as_bytes()),
                &mut text,
            )
            .expect("a message of this length can be sealed");
        sealed.extend_from_slice(&text);
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The payload that was sealed with `binding`.
    pub(crate) fn open(&self, state: &str, binding: &str) -> Result<String, SealError> {
        self.open_at(self.now(), state, binding)
    }

    fn open_at(&self, now: u64, state: &str, binding: &str) -> Result<String, SealError> {
        if state.len() > MAX_STATE {
            return Err(SealError::NotOurs);
        }
        let mut sealed = URL_SAFE_NO_PAD
            .decode(state)
            .map_err(|_| SealError::NotOurs)?;
        let (nonce, text) = sealed
            .split_first_chunk_mut::<NONCE_LEN>()
            .ok_or(SealError::NotOurs)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self
            .key
            .open_in_place(nonce, Aad::from(binding.as_bytes()), text)
            .map_err(|_| SealError::NotOurs)?;
        let (expiry, payload) = text
            .split_first_chunk::<EXPIRY_LEN>()
            .ok_or(SealError::NotOurs)?;
        if now >= u64::from_be_bytes(*expiry) {
            return Err(SealError::Expired);
        }
        String::from_utf8(payload.to_vec()).map_err(|_| SealError::NotOurs)
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seals")
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn fill<const N: usize>(random: &SystemRandom) -> [u8; N] {
    let mut bytes = [0; N];
    random
        .fill(&mut bytes)
        .expect("the system has random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(300);
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    #[test]
    fn what_was_sealed_opens_for_the_same_request_only() {
        let seals = Seals::new();
        for payload in ["", "{\"call\":7}", "grün", &"x".repeat(MAX_PAYLOAD)] {
            let state = seals.seal(payload, "alice tools/call add", LONG).unwrap();
            assert!(payload.is_empty() || !state.contains(payload));
            assert_eq!(
                seals.open(&state, "alice tools/call add").as_deref(),
                Ok(payload)
            );
            for other in ["", "alice tools/call ad", "bob tools/call add"] {
                assert_eq!(seals.open(&state, other), Err(SealError::NotOurs));
            }
            let elsewhere = Seals::new();
            let opened = elsewhere.open(&state, "alice tools/call add");
            assert_eq!(opened, Err(SealError::NotOurs));
        }
    }

    #[test]
    fn what_could_not_be_opened_again_is_not_sealed() {
        let longer = "x".repeat(MAX_PAYLOAD + 1);
        assert_eq!(Seals::new().seal(&longer, "call", LONG), None);
    }

    #[test]
    fn no_changed_state_opens() {
        let seals = Seals::new();
        let state = seals.seal("payload", "binding", LONG).unwrap();
        for at in 0..state.len() {
            let mut changed = state.clone().into_bytes();
            for other in ALPHABET.iter().chain(b"=+/ \n\0") {
                if *other == state.as_bytes()[at] {
                    continue;
                }
                changed[at] = *other;
                let text = std::str::from_utf8(&changed).unwrap();
                assert_eq!(seals.open(text, "binding"), Err(SealError::NotOurs));
            }
            assert_eq!(seals.open(&state[..at], "binding"), Err(SealError::NotOurs));
            assert_eq!(
                seals.open(&state[at + 1..], "binding"),
                Err(SealError::NotOurs)
            );
        }
        for longer in [
            format!("{state}A"),
            format!("{state}=="),
            "A".repeat(MAX_STATE + 1),
        ] {
            assert_eq!(seals.open(&longer, "binding"), Err(SealError::NotOurs));
        }
        assert_eq!(seals.open("grün", "binding"), Err(SealError::NotOurs));
    }

    #[test]
    fn no_two_seals_are_alike() {
        let seals = Seals::new();
        let first = seals.seal("payload", "binding", LONG);
        assert_ne!(first, seals.seal("payload", "binding", LONG));
    }

    #[test]
    fn a_seal_expires() {
        let seals = Seals::new();
        let state = seals.seal("payload", "binding", LONG).unwrap();
        assert!(seals.open(&state, "binding").is_ok());
        let later = seals.now() + millis(LONG);
        let open_later = |binding| seals.open_at(later, &state, binding);
        assert_eq!(open_later("binding"), Err(SealError::Expired));
        assert_eq!(open_later("other"), Err(SealError::NotOurs));
        let at_once = seals.seal("payload", "binding", Duration::ZERO).unwrap();
        assert_eq!(seals.open(&at_once, "binding"), Err(SealError::Expired));
        let never = seals.seal("payload", "binding", Duration::MAX).unwrap();
        assert!(seals.open_at(later, &never, "binding").is_ok());
    }
}
