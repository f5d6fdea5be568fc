//! Contacts and names as people type them: read, made uniform for the index, masked for pages; and the
//! bounds of every text that comes in.

use serde::{Deserialize, Serialize};

use crate::locale::Text;

/// Where a person can be reached.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Contact {
    /// Domain in lower case, the part before the `@` as typed.
    Email(String),
    /// E.164: `+` and digits.
    Mobile(String),
}

impl std::fmt::Debug for Contact {
    /// Masked: debug output ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if matches!(self, Self::Email(_)) { "Email" } else { "Mobile" };
        write!(f, "{kind}({})", self.masked())
    }
}

const NO_CONTACT: Text = Text::new(
    "Enter an email address, such as name@example.com, or a mobile number.",
    "请输入手机号或邮箱，例如 name@example.com。",
);
const NO_EMAIL: Text = Text::new(
    "Enter an email address, such as name@example.com.",
    "请输入正确的邮箱，例如 name@example.com。",
);
const NO_MAINLAND_MOBILE: Text = Text::new(
    "Enter a mobile number of 11 digits, or with + and the country code.",
    "请输入 11 位手机号；境外号码请以 + 和国家代码开头。",
);
const NO_MOBILE: Text =
    Text::new("Enter a mobile number with + and the country code.", "请输入以 + 和国家代码开头的手机号。");

impl Contact {
    /// Reads an email address or a mobile number. A number without country code is one of
    /// `default_country` (ISO 3166-1), as far as that is `CN`.
    pub fn parse(text: &str, default_country: &str) -> Result<Self, Text> {
        let text: String = text.trim().chars().map(unwidened).collect();
        if text.contains('@') {
            return parse_email(&text).map(Self::Email);
        }
        let like_a_number = |c| matches!(c, '0'..='9' | '+' | ' ' | '-' | '(' | ')' | '.');
        if text.is_empty() || !text.chars().all(like_a_number) {
            return Err(NO_CONTACT);
        }
        parse_mobile(&text, default_country).map(Self::Mobile)
    }

    /// As the index compares it: two spellings of one contact are equal here.
    pub fn normalised(&self) -> String {
        match self {
            Self::Email(email) => email.to_ascii_lowercase(),
            Self::Mobile(mobile) => mobile.clone(),
        }
    }

    /// The contact itself, to send to.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(text) | Self::Mobile(text) => text,
        }
    }

    /// `z***@example.com` or `138****8000`.
    pub fn masked(&self) -> String {
        match self {
            Self::Email(email) => mask_email(email),
            Self::Mobile(mobile) => mask_phone(mobile),
        }
    }
}

/// Reads an email address: ASCII, at most 254 characters, a domain with a dot. The domain comes back
/// in lower case.
pub fn parse_email(text: &str) -> Result<String, Text> {
    let text = text.trim();
    let (local, domain) = text.split_once('@').ok_or(NO_EMAIL)?;
    let sound_local = (1..=64).contains(&local.len())
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
        && local.split('.').all(|part| !part.is_empty());
    if text.len() <= 254 && sound_local && is_domain(domain) {
        Ok(format!("{local}@{}", domain.to_ascii_lowercase()))
    } else {
        Err(NO_EMAIL)
    }
}

fn is_domain(domain: &str) -> bool {
    let sound_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numbers_only = domain.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    domain.len() <= 253 && domain.contains('.') && !numbers_only && domain.split('.').all(sound_label)
}

/// Reads a mobile number in any usual spelling and gives it as E.164 (`+8613800138000`).
pub fn parse_mobile(text: &str, default_country: &str) -> Result<String, Text> {
    let in_china = default_country.eq_ignore_ascii_case("CN");
    let refused = if in_china { NO_MAINLAND_MOBILE } else { NO_MOBILE };
    let mut compact = String::new();
    for c in text.trim().chars().map(unwidened) {
        match c {
            '0'..='9' => compact.push(c),
            '+' if compact.is_empty() => compact.push(c),
            ' ' | '-' | '(' | ')' | '.' => {}
            _ => return Err(refused),
        }
    }
    let international = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"));
    match international {
        Some(number) => match number.strip_prefix("86") {
            Some(rest) if is_mainland_mobile(rest) => Ok(format!("+86{rest}")),
            Some(_) => Err(refused),
            None if (7..=15).contains(&number.len()) && !number.starts_with('0') => Ok(format!("+{number}")),
            None => Err(refused),
        },
        None if in_china && is_mainland_mobile(&compact) => Ok(format!("+86{compact}")),
        // Some address books leave the plus away.
        None => match compact.strip_prefix("86") {
            Some(rest) if is_mainland_mobile(rest) => Ok(format!("+86{rest}")),
            _ => Err(refused),
        },
    }
}

fn is_mainland_mobile(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && bytes.iter().all(u8::is_ascii_digit)
}

/// Chinese keyboards type digits and signs at full width now and then.
fn unwidened(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    }
}

/// `z***@example.com`; what is no email address comes back as `***`.
pub fn mask_email(email: &str) -> String {
    match email.split_once('@') {
        Some((local, domain)) => format!("{}***@{domain}", first(local)),
        None => "***".to_owned(),
    }
}

/// `138****8000`; the mainland's country code is left out, other numbers keep three signs and the
/// last two (`+44*******00`), short ones their last two.
pub fn mask_phone(phone: &str) -> String {
    let compact: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let national = compact.strip_prefix("+86").unwrap_or(&compact);
    if is_mainland_mobile(national) {
        return format!("{}****{}", &national[..3], &national[7..]);
    }
    let (head, tail) = match compact.len() {
        0..=4 => (0, 0),
        5..=7 => (0, 2),
        _ => (3, 2),
    };
    let stars = "*".repeat((compact.len() - head - tail).max(1));
    format!("{}{stars}{}", &compact[..head], &compact[compact.len() - tail..])
}

/// The first letter of each word stays: `张*`, `M*** J****`.
pub fn mask_name(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(mask_word).collect();
    if words.is_empty() { "*".to_owned() } else { words.join(" ") }
}

fn mask_word(word: &str) -> String {
    // A word of one letter would stand there whole.
    match word.chars().count() {
        1 => "*".to_owned(),
        count => format!("{}{}", first(word), "*".repeat(count - 1)),
    }
}

/// What names the house goes: the first six characters stay, at most a third of the whole (`北京市东城区****`).
pub fn mask_address(address: &str) -> String {
    let kept = (address.chars().count() / 3).min(6);
    let head: String = address.chars().take(kept).collect();
    format!("{}****", head.trim_end())
}

fn first(text: &str) -> String {
    text.chars().take(1).collect()
}

const ACCOUNT_NAME: Text = Text::new(
    "A name has 3 to 32 letters, digits, _, - or ., and not digits alone.",
    "账号名为 3–32 个字母、汉字、数字或 _ - . ，不能全是数字。",
);

/// Checks an account name and gives it as the index compares it: in lower case. A name has no `@` and
/// is not digits alone, so that it can't pass for a contact.
pub fn check_account_name(name: &str) -> Result<String, Text> {
    let name = name.trim().to_lowercase();
    let allowed = |c: char| c.is_alphabetic() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    let count = name.chars().count();
    if !(3..=32).contains(&count) || !name.chars().all(allowed) || !name.chars().any(char::is_alphabetic) {
        return Err(ACCOUNT_NAME);
    }
    Ok(name)
}

const CONTROL: Text = Text::new(
    "There is a character in it that can't be used. Type the text again.",
    "含有无法使用的字符，请重新输入。",
);
const TOO_LONG: Text = Text::new("The text is too long. Make it shorter.", "内容过长，请缩短。");

/// The most characters that any field takes, whatever its own limit.
pub const LONGEST_TEXT: usize = 20_000;

/// Agrees to a text of one line with at most `max` characters and no control character.
pub fn check_text(value: &str, max: usize) -> Result<(), Text> {
    check(value, max, |_| false)
}

/// The same, but line breaks and tabs are allowed.
pub fn check_lines(value: &str, max: usize) -> Result<(), Text> {
    check(value, max, |c| matches!(c, '\n' | '\r' | '\t'))
}

fn check(value: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<(), Text> {
    if value.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(CONTROL);
    }
    // A byte count below the limit saves the counting of characters.
    let max = max.min(LONGEST_TEXT);
    if value.len() > max && value.chars().count() > max { Err(TOO_LONG) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normalised(text: &str) -> Result<String, Text> {
        Contact::parse(text, "CN").map(|contact| contact.normalised())
    }

    #[test]
    fn a_mobile_is_the_same_in_every_spelling() {
        for text in [
            "13800138000",
            " 138 0013 8000 ",
            "138-0013-8000",
            "+86 138 0013 8000",
            "+8613800138000",
            "008613800138000",
            "8613800138000",
            "１３８００１３８０００",
            "＋86 13800138000",
        ] {
            assert_eq!(normalised(text), Ok("+8613800138000".to_owned()), "{text}");
        }
        for text in
            ["12800138000", "1380013800", "138001380000", "+86 12345", "010-65001234", "+", "138+00138000"]
        {
            assert_eq!(normalised(text), Err(NO_MAINLAND_MOBILE), "{text}");
        }
    }

    #[test]
    fn a_foreign_mobile_needs_its_country_code() {
        assert_eq!(normalised("+44 7700 900123"), Ok("+447700900123".to_owned()));
        assert_eq!(Contact::parse("+1 (555) 010-9999", "US").unwrap().normalised(), "+15550109999");
        assert_eq!(Contact::parse("07700 900123", "GB"), Err(NO_MOBILE));
        assert_eq!(Contact::parse("13800138000", "GB"), Err(NO_MOBILE));
        assert_eq!(normalised("+123456"), Err(NO_MAINLAND_MOBILE));
        assert_eq!(normalised("+1234567890123456"), Err(NO_MAINLAND_MOBILE));
        assert_eq!(normalised("+0123456789"), Err(NO_MAINLAND_MOBILE));
    }

    #[test]
    fn an_email_keeps_its_local_part_and_is_compared_in_lower_case() {
        let contact = Contact::parse(" Zhang.San+shop@Example.COM ", "CN").unwrap();
        assert_eq!(contact, Contact::Email("Zhang.San+shop@example.com".to_owned()));
        assert_eq!(contact.normalised(), "zhang.san+shop@example.com");
        for text in [
            "@example.com",
            "a@",
            "a@b",
            "a@@example.com",
            "a@b@example.com",
            "a b@example.com",
            "a@exa mple.com",
            "a@example..com",
            "a@.example.com",
            "a@-example.com",
            ".a@example.com",
            "a..b@example.com",
            "张三@example.com",
            "a@例子.中国",
            "a@127.0.0.1",
            "a\n@example.com",
            "a@example.com\r\nBcc: b@example.com",
        ] {
            assert_eq!(normalised(text), Err(NO_EMAIL), "{text}");
        }
        assert_eq!(normalised(&format!("a@{}com", "long.".repeat(50))), Err(NO_EMAIL));
        assert_eq!(normalised("zhangsan"), Err(NO_CONTACT));
        assert_eq!(normalised(""), Err(NO_CONTACT));
    }

    #[test]
    fn sec_03_masks_show_no_more_than_needed() {
        assert_eq!(Contact::Mobile("+8613800138000".to_owned()).masked(), "138****8000");
        assert_eq!(Contact::Email("zhangsan@example.com".to_owned()).masked(), "z***@example.com");
        assert_eq!(mask_phone("138 0013 8000"), "138****8000");
        assert_eq!(mask_phone("+447700900123"), "+44********23");
        assert_eq!(mask_phone("01065001234"), "010******34");
        assert_eq!(mask_phone("110"), "***");
        assert_eq!(mask_phone(""), "*");
        assert_eq!(mask_name("张三"), "张*");
        assert_eq!(mask_name("欧阳小明"), "欧***");
        assert_eq!(mask_name("Mary Jones"), "M*** J****");
        assert_eq!(mask_name("X"), "*");
        assert_eq!(mask_name("  "), "*");
        assert_eq!(mask_address("北京市东城区东长安街1号院2单元301"), "北京市东城区****");
        assert_eq!(mask_address("1 Main St"), "1 M****");
        assert_eq!(mask_address(""), "****");
        assert_eq!(format!("{:?}", Contact::Mobile("+8613800138000".to_owned())), "Mobile(138****8000)");
    }

    #[test]
    fn an_account_name_can_not_pass_for_a_contact() {
        assert_eq!(check_account_name("Zhang_San.99"), Ok("zhang_san.99".to_owned()));
        assert_eq!(check_account_name("小明同学"), Ok("小明同学".to_owned()));
        for name in [
            "ab",
            "12345678",
            "123-456",
            "...",
            "a@b.com",
            "a b c",
            "name\0x",
            &"x".repeat(33),
            "",
            "+8613800138000",
        ] {
            assert_eq!(check_account_name(name), Err(ACCOUNT_NAME), "{name}");
        }
    }

    #[test]
    fn texts_have_bounds() {
        assert_eq!(check_text("张三", 2), Ok(()));
        assert_eq!(check_text("张三丰", 2), Err(TOO_LONG));
        assert_eq!(check_text("a\nb", 10), Err(CONTROL));
        assert_eq!(check_text("a\0b", 10), Err(CONTROL));
        assert_eq!(check_lines("a\r\n\tb", 10), Ok(()));
        assert_eq!(check_lines("a\u{7}b", 10), Err(CONTROL));
        assert_eq!(check_lines(&"x".repeat(LONGEST_TEXT + 1), usize::MAX), Err(TOO_LONG));
    }

    proptest! {
        #[test]
        fn what_is_read_once_is_read_the_same_again(text in "(\\+?[0-9 ()-]{5,20})|([a-zA-Z0-9.+]{1,8}@[a-zA-Z0-9-]{1,8}\\.[a-zA-Z]{2,3})") {
            if let Ok(contact) = Contact::parse(&text, "CN") {
                prop_assert_eq!(Contact::parse(contact.as_str(), "CN"), Ok(contact.clone()));
                let again = Contact::parse(&contact.normalised(), "US").unwrap();
                prop_assert_eq!(again.normalised(), contact.normalised());
            }
        }

        #[test]
        fn no_text_makes_them_panic(text in "\\PC{0,40}") {
            let _ = Contact::parse(&text, "CN");
            let _ = (mask_name(&text), mask_phone(&text), mask_email(&text), mask_address(&text));
            let _ = (check_account_name(&text), check_text(&text, 10));
        }

        #[test]
        fn an_account_name_is_never_a_contact(name in "[\\p{L}0-9_.-]{3,32}") {
            if let Ok(name) = check_account_name(&name) {
                prop_assert!(Contact::parse(&name, "CN").is_err());
                prop_assert_eq!(check_account_name(&name), Ok(name.clone()));
            }
        }

        #[test]
        fn a_masked_name_keeps_only_first_letters(name in "\\p{L}{2,10}( \\p{L}{2,10})?") {
            let masked = mask_name(&name);
            prop_assert_eq!(masked.chars().filter(|c| *c != '*' && *c != ' ').count(), name.split(' ').count());
        }
    }
}
