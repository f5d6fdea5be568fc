//! The one source of randomness, handed in like the clock.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Fills buffers with unpredictable bytes. Tests hand in a seeded one.
pub trait Random: Send + Sync {
    /// Fills all of `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Random + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`, each as likely as the next. `bound` must not be 0.
    pub fn below(&self, bound: u64) -> u64 {
        // Numbers at or past the last whole multiple of `bound` would favour small results.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = u64::from_be_bytes(self.bytes());
            if drawn < limit {
                return drawn % bound;
            }
        }
    }

    /// A code of six decimal digits, leading zeros included (COL-03).
    pub fn six_digits(&self) -> String {
        format!("{:06}", self.below(1_000_000))
    }

    /// A token of 256 bits in 43 letters that are safe in cookies and addresses.
    pub fn token(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.bytes::<32>())
    }
}

/// The operating system's generator.
pub struct SystemSource(SystemRandom);

impl SystemSource {
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemSource {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no key and no token may be made, and nothing can go on.
        self.0.fill(buffer).expect("the operating system's random source answers");
    }
}
