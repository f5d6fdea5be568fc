//! Passwords of customers and staff: hashed with Argon2id, and strong enough to be worth it (SEC-11).
//!
//! Hashing is slow on purpose: call it through [`crate::shop::Inner`]'s `hash_work` only.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::locale::Text;
use crate::random::Random;

/// 19 MiB, two passes, one lane: the smaller of the settings that OWASP recommends.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The fewest characters of a password.
pub const LEAST: usize = 8;
/// From this length on a password of plain words is strong enough.
const LONG: usize = 16;
const FEWEST_DIFFERENT: usize = 5;

/// What was hashed for accounts that do not exist, so that a look-up takes as long for them.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash_with("no account has this password", &[0x5a; 16]));

fn hasher() -> Argon2<'static> {
    // These constants lie within Argon2's bounds.
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("sound parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_with(password: &str, salt: &[u8; 16]) -> String {
    let hash: Result<PasswordHash, _> = hasher().hash_password_with_salt(password.as_bytes(), salt);
    // Forms take at most 1,024 letters and the salt has its recommended length: nothing is refused.
    hash.expect("a password of bounded length can be hashed").to_string()
}

/// The hash of a password with a salt of its own, as a PHC string.
pub fn hash(password: &str, random: &dyn Random) -> String {
    hash_with(password, &random.bytes())
}

/// Whether this is the password that was hashed.
pub fn verify(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Takes as long as [`verify`], for accounts that do not exist.
pub fn verify_nobodys(password: &str) {
    std::hint::black_box(verify(&NOBODYS, password));
}

const SHORT: Text = Text::new("Use at least 8 characters.", "密码至少 8 个字符。");
const COMMON: Text = Text::new(
    "This is one of the first passwords that strangers try. Use several words, or let your browser make one.",
    "这是最容易被猜到的密码之一。请使用几个词的组合，或由浏览器生成密码。",
);
const MONOTONE: Text = Text::new(
    "Too many characters are the same. Use several words, or let your browser make one.",
    "重复的字符过多。请使用几个词的组合，或由浏览器生成密码。",
);
const OWN: Text = Text::new(
    "The password repeats your name or contact. Use words that have nothing to do with you.",
    "密码中含有您的名称或联系方式。请使用与您无关的词语。",
);
const DIGITS: Text =
    Text::new("Digits alone are guessed quickly. Add letters.", "纯数字密码容易被猜到，请加入字母。");

/// The hint that stands beside the field of a new password.
pub const HINT: Text = Text::new(
    "At least 8 characters. Several words in a row are strong and easy to keep in mind.",
    "至少 8 个字符。几个词连在一起既安全又好记。",
);

/// What is weak about a new password; `None` if it will do. `own` are words that strangers know of
/// the person: names, the email, the shop's name.
pub fn check_strength(password: &str, own: &[&str]) -> Option<Text> {
    let count = password.chars().count();
    if count < LEAST {
        return Some(SHORT);
    }
    let lower = password.to_lowercase();
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    if different.len() < FEWEST_DIFFERENT {
        return Some(MONOTONE);
    }
    if count < LONG && lower.chars().all(|c| c.is_numeric()) {
        return Some(DIGITS);
    }
    if is_own(&lower, own) {
        return Some(OWN);
    }
    is_common(&lower).then_some(COMMON)
}

/// Whether little is left of the password once the person's own words are taken out.
fn is_own(lower: &str, own: &[&str]) -> bool {
    let words = own.iter().flat_map(|word| {
        let word = word.to_lowercase();
        let local = word.split('@').next().unwrap_or("").to_owned();
        [word, local]
    });
    words
        .filter(|word| word.chars().count() >= 4)
        .any(|word| lower.contains(&word) && lower.replace(&word, "").chars().count() < LEAST / 2 + 1)
}

/// Whether a common word with digits and signs around it, or swapped for its letters, is all there is.
fn is_common(lower: &str) -> bool {
    if lower.chars().count() >= LONG {
        return false;
    }
    let is_letter = |c: &char| c.is_alphabetic();
    let letters: String = lower.chars().filter(is_letter).collect();
    let plain: String = lower.chars().map(unswapped).filter(is_letter).collect();
    let trimmed: String =
        lower.trim_end_matches(|c: char| !c.is_alphabetic()).chars().map(unswapped).collect();
    let common = |text: &str| text.is_empty() || is_word(text) || is_common_twice(text);
    is_walk(lower) || is_walk(&letters) || common(&letters) || common(&plain) || common(&trimmed)
}

fn is_word(text: &str) -> bool {
    COMMON_WORDS.split(' ').any(|word| word == text)
}

fn is_common_twice(text: &str) -> bool {
    let half = text.len() / 2;
    let Some((first, second)) = text.split_at_checked(half) else { return false };
    first == second && is_word(first)
}

/// Signs that stand in for letters.
const fn unswapped(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    }
}

/// Runs along the alphabet or the keyboard, whole or in two halves.
fn is_walk(text: &str) -> bool {
    const WALKS: [&str; 7] = [
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "qwertzuiopasdfghjklyxcvbnm",
        "1234567890123456789",
        "9876543210987654321",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
        "1q2w3e4r5t6y7u8i9o0p",
    ];
    let along = |part: &str| part.len() >= 3 && WALKS.iter().any(|walk| walk.contains(part));
    let cuts = text.char_indices().map(|(at, _)| at);
    along(text) || cuts.filter(|at| *at > 0).any(|at| along(&text[..at]) && along(&text[at..]))
}

/// Words that lists of stolen passwords are full of, without the digits around them.
const COMMON_WORDS: &str = "aa aaa abc abcd abcdef access account admin administrator alexander amanda andrea andrew angel \
    angels anthony apple asd asdasd ashley autumn babygirl bailey barcelona baseball basketball batman \
    beautiful biteme butterfly changeme charlie cheese chelsea chocolate computer cookie corvette daniel \
    default diamond dragon elephant facebook family ferrari flower football forever freedom friends \
    fuckyou gateway george ginger google guest hannah harley heather hello hellohello hockey hunter \
    iloveu iloveyou internet jasmine jennifer jessica jordan joshua justin killer letmein liverpool \
    login lovely loveme maggie manager martin master matrix matthew mercedes merlin michael michelle \
    mima monkey mustang mynoob naruto nicole nihao nintendo pass passport password passwort patrick \
    pepper pokemon princess purple qazwsx qwe qweasd qweasdzxc qwer qwerty ranger robert root samantha \
    samsung secret shadow shop snoopy soccer spiderman spring starwars steelers summer sunshine superman \
    superstar support taylor temp test testing thomas thunder tigger trustno trustnoi tuckshop unknown \
    user wangwei wangyang welcome whatever william winter woaini woainima wodemima yankees zaq zhang \
    zhangwei zxc zxcvbn";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemSource;

    #[test]
    fn only_the_password_itself_opens() {
        let hash = hash("correct horse battery", &SystemSource::new());
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify(&hash, "correct horse battery"));
        assert!(!verify(&hash, "correct horse batter"));
        assert!(!verify("no hash", "correct horse battery"));
        assert!(!verify(&NOBODYS, ""));
    }

    #[test]
    fn one_password_hashes_differently_each_time() {
        let random = SystemSource::new();
        assert_ne!(hash("correct horse battery", &random), hash("correct horse battery", &random));
    }

    #[test]
    fn weak_passwords_are_refused() {
        for password in [
            "short",
            "password",
            "P@ssw0rd1",
            "12345678",
            "qwertyuiop",
            "Qwerty123!",
            "aaaaaaaaaaaa",
            "abcd1234",
            "iloveyou2024",
            "1qaz2wsx",
            "woaini520",
            "letmein!!",
            "passwordpassword",
            "20260101",
        ] {
            let weak = check_strength(password, &[]);
            // Long ones of plain words pass, however plain the words.
            assert_eq!(weak.is_some(), password.len() < LONG, "{password}");
        }
        assert_eq!(check_strength("zhangsan99", &["zhangsan@example.com"]), Some(OWN));
        assert_eq!(check_strength("Zhangsan1", &["Zhangsan"]), Some(OWN));
    }

    #[test]
    fn strong_passwords_pass() {
        for password in
            ["correct-horse-42", "kettle mango river", "x8#kQp2!vR", "小店今天开张了真好", "Tr0ub4dor&3x"]
        {
            assert_eq!(check_strength(password, &["zhangsan@example.com", "Tuckshop"]), None, "{password}");
        }
    }
}
