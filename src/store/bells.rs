//! Bells: who waits for work of some kind is rung when a commit brought some.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Rung each time that durable vaults were erased.
pub const ERASURES: &str = "erasures";

/// The bells of a store, each made when it is first named.
#[derive(Default)]
pub(super) struct Bells(Mutex<HashMap<&'static str, Arc<Notify>>>);

impl Bells {
    pub fn bell(&self, name: &'static str) -> Arc<Notify> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone()
    }
}
