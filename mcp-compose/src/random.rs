//! Names that nothing else has, and nobody can guess.

use ring::rand::{SecureRandom as _, SystemRandom};

/// 128 bits in hexadecimal digits; `None` where the system has no random number.
pub(crate) fn id() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
