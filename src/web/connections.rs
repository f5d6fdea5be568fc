//! The open connections and what each is doing, so that at the limit room is made at the cost of those
//! who ask for nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Doing {
    /// Nothing was asked yet: the first to go.
    Silent,
    /// Something was answered, and nothing is asked now.
    Idle,
    /// Something is being answered: never sent away.
    Busy,
}

struct Entry {
    doing: Doing,
    /// A count that goes up with every change: the smallest has waited longest.
    since: u64,
    /// Sending it away.
    go: Option<oneshot::Sender<()>>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<u64, Entry>,
    next: u64,
    changes: u64,
}

/// All open connections, at most so many.
pub struct Connections {
    most: usize,
    state: Mutex<State>,
    /// Rung when one ended or began to idle.
    freed: Notify,
}

/// A place among the open connections; it is given back when dropped.
pub struct Seat {
    connections: Arc<Connections>,
    id: u64,
}

impl Connections {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), state: Mutex::default(), freed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before the lock goes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there may be one more: at the limit the longest silent one is sent away, then the
    /// longest idle one; while all are busy, until one is not.
    pub async fn room(&self) {
        loop {
            let freed = self.freed.notified();
            if self.has_room() {
                return;
            }
            freed.await;
        }
    }

    fn has_room(&self) -> bool {
        let mut state = self.state();
        if state.entries.len() < self.most {
            return true;
        }
        let waiting =
            state.entries.values_mut().filter(|entry| entry.doing != Doing::Busy && entry.go.is_some());
        if let Some(entry) = waiting.min_by_key(|entry| (entry.doing, entry.since))
            && let Some(go) = entry.go.take()
        {
            // One that has just ended needs no sending away.
            let _ = go.send(());
        }
        false
    }

    /// Takes a place for a connection that was accepted, and what tells it to go.
    pub fn sit(self: &Arc<Self>) -> (Seat, oneshot::Receiver<()>) {
        let (go, told) = oneshot::channel();
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.changes += 1;
        let since = state.changes;
        state.entries.insert(id, Entry { doing: Doing::Silent, since, go: Some(go) });
        (Seat { connections: self.clone(), id }, told)
    }

    fn becomes(&self, id: u64, doing: Doing) {
        let mut state = self.state();
        state.changes += 1;
        let since = state.changes;
        if let Some(entry) = state.entries.get_mut(&id) {
            (entry.doing, entry.since) = (doing, since);
        }
        drop(state);
        if doing != Doing::Busy {
            self.freed.notify_waiters();
        }
    }
}

impl Seat {
    /// Notes that something was asked; what is returned is dropped when it was answered.
    pub fn ask(&self) -> Asked {
        self.connections.becomes(self.id, Doing::Busy);
        Asked { connections: self.connections.clone(), id: self.id }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.state().entries.remove(&self.id);
        self.connections.freed.notify_waiters();
    }
}

/// Something is being answered until this is dropped.
pub struct Asked {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.connections.becomes(self.id, Doing::Idle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_told(told: &mut oneshot::Receiver<()>) -> bool {
        told.try_recv().is_ok()
    }

    #[tokio::test]
    async fn at_the_limit_the_silent_go_first_then_the_idle_and_never_the_busy() {
        let connections = Connections::new(3);
        let (busy, mut busy_told) = connections.sit();
        let _asked = busy.ask();
        let (idle, mut idle_told) = connections.sit();
        drop(idle.ask());
        let (silent, mut silent_told) = connections.sit();
        assert!(!connections.has_room());
        assert!(is_told(&mut silent_told) && !is_told(&mut idle_told));
        drop(silent);
        connections.room().await;
        let (next, mut next_told) = connections.sit();
        let answering = next.ask();
        assert!(!connections.has_room());
        assert!(is_told(&mut idle_told) && !is_told(&mut next_told) && !is_told(&mut busy_told));
        drop(idle);
        let (last, _told) = connections.sit();
        let _last_asked = last.ask();
        assert!(!connections.has_room(), "all are busy: a new one waits");
        let waiting = connections.clone();
        let room = tokio::spawn(async move { waiting.room().await });
        tokio::task::yield_now().await;
        assert!(!is_told(&mut next_told));
        drop(answering);
        // It idles now, is sent away, and goes.
        while !is_told(&mut next_told) {
            tokio::task::yield_now().await;
        }
        drop(next);
        room.await.expect("room");
    }

    #[tokio::test]
    async fn among_equals_the_one_that_waited_longest_goes() {
        let connections = Connections::new(2);
        let (first, mut first_told) = connections.sit();
        let (second, mut second_told) = connections.sit();
        drop(first.ask());
        drop(second.ask());
        drop(first.ask());
        assert!(!connections.has_room());
        assert!(is_told(&mut second_told) && !is_told(&mut first_told), "the second idles longer");
    }
}
