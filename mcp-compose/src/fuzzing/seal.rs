//! Sealed states: one that was changed is never opened, nor one that was made up.

use std::sync::OnceLock;
use std::time::Duration;

use crate::gateway::seal::Seals;

/// The first three bytes say where the state is changed and how, the rest is the payload.
pub(super) fn seal(data: &[u8]) {
    static SEALS: OnceLock<Seals> = OnceLock::new();
    let seals = SEALS.get_or_init(Seals::new);
    let Some((&[high, low, how], payload)) = data.split_first_chunk() else {
        return;
    };
    let payload = String::from_utf8_lossy(payload);
    assert!(seals.open(&payload, "call").is_err(), "made up");
    let Some(state) = seals.seal(&payload, "call", Duration::from_secs(600)) else {
        return;
    };
    assert_eq!(seals.open(&state, "call").as_deref(), Ok(&*payload));
    assert!(
        seals
            .open(&state, &format!("call{}", char::from(how)))
            .is_err(),
        "another's"
    );

    let at = usize::from(u16::from_be_bytes([high, low])) % state.len();
    let refused = |changed: &[u8]| {
        let changed = String::from_utf8_lossy(changed);
        assert!(seals.open(&changed, "call").is_err(), "{changed}");
    };
    let mut changed = state.clone().into_bytes();
    changed[at] ^= how.max(1);
    refused(&changed);
    refused(&state.as_bytes()[..at]);
    refused(&[state.as_bytes(), &[how]].concat());
    let mut inserted = state.into_bytes();
    inserted.insert(at, how);
    // The same character again can be the same text.
    refused(&inserted);
}
