//! A memory of what was used last, bounded by weight: the longest unused goes first.

use std::borrow::Borrow;
use std::hash::Hash;

use lru::LruCache;

/// Values of a weight each, in bytes as far as that can be said.
pub(super) struct Bounded<K: Hash + Eq, V> {
    values: LruCache<K, (V, usize)>,
    weight: usize,
    most: usize,
}

impl<K: Hash + Eq, V> Bounded<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { values: LruCache::unbounded(), weight: 0, most }
    }

    pub(super) fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.values.get(key).map(|(value, _)| value)
    }

    pub(super) fn put(&mut self, key: K, value: V, weight: usize) {
        if let Some((_, before)) = self.values.put(key, (value, weight)) {
            self.weight -= before;
        }
        self.weight += weight;
        while self.weight > self.most
            && let Some((_, (_, freed))) = self.values.pop_lru()
        {
            self.weight -= freed;
        }
    }

    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some((_, freed)) = self.values.pop(key) {
            self.weight -= freed;
        }
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.weight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first_and_nothing_is_weighed_twice() {
        let mut bounded: Bounded<String, u8> = Bounded::new(10);
        let held =
            |bounded: &mut Bounded<String, u8>| ["a", "b", "c", "huge"].map(|key| bounded.get(key).copied());
        for (key, value) in [("a", 1), ("b", 2), ("a", 3)] {
            bounded.put(key.to_owned(), value, 4);
        }
        assert_eq!(bounded.weight, 8);
        assert_eq!(bounded.get("b"), Some(&2));
        bounded.put("c".to_owned(), 4, 4);
        assert_eq!(held(&mut bounded), [None, Some(2), Some(4), None]);
        bounded.remove("b");
        bounded.put("huge".to_owned(), 5, 11);
        assert_eq!(held(&mut bounded), [None; 4]);
        assert_eq!(bounded.weight, 0);
    }
}
