//! Places for sessions: so many in all, so many for one client.

use std::sync::{Arc, Mutex};

use crate::gateway::client::Principal;
use crate::wire::FastMap;
use crate::wire::peer::lock;

/// How many sessions there are, those that are being opened and those that are ending included.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    max_of_principal: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Of those of whom it is known who they are; whoever is not known is any number of clients.
    of: FastMap<Principal, usize>,
}

/// The place of one session, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    /// In whose number it is counted.
    whose: Option<Principal>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There is none for anybody.
    All,
    /// There is none for this principal.
    OfPrincipal,
}

impl Places {
    pub(super) fn new(max: usize, max_of_principal: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_of_principal,
            taken: Mutex::default(),
        })
    }

    /// Takes a place.
    pub(super) fn take(self: &Arc<Self>, principal: &Principal) -> Result<Place, Full> {
        let mut taken = lock(&self.taken);
        if taken.all >= self.max {
            return Err(Full::All);
        }
        let whose = principal.is_known().then(|| principal.clone());
        if let Some(whose) = &whose {
            let of = taken.of.get(whose).copied().unwrap_or(0);
            if of >= self.max_of_principal {
                return Err(Full::OfPrincipal);
            }
            taken.of.insert(whose.clone(), of + 1);
        }
        taken.all += 1;
        Ok(Place {
            places: Arc::clone(self),
            whose,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        taken.all -= 1;
        if let Some(whose) = &self.whose
            && let Some(of) = taken.of.get_mut(whose)
        {
            *of -= 1;
            if *of == 0 {
                taken.of.remove(whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_in_all_and_for_each_who_is_known() {
        let places = Places::new(5, 2);
        let (alice, bob) = (Principal::new("alice"), Principal::new("bob"));
        let first = places.take(&alice).unwrap();
        let second = places.take(&alice).unwrap();
        assert_eq!(places.take(&alice).err(), Some(Full::OfPrincipal));
        let bobs = places.take(&bob).unwrap();
        let nobody = Principal::anonymous();
        let others = [places.take(&nobody).unwrap(), places.take(&nobody).unwrap()];
        assert_eq!(places.take(&nobody).err(), Some(Full::All));
        assert_eq!(places.take(&alice).err(), Some(Full::All));
        drop(first);
        let again = places.take(&alice).expect("her own came free");
        drop((second, bobs, others, again));
        let taken = lock(&places.taken);
        assert_eq!(
            (taken.all, taken.of.len()),
            (0, 0),
            "nothing is kept of whoever has left"
        );
    }
}
