//! The second factor of customers and staff: codes of an authenticator app (RFC 6238: SHA-1, six
//! digits, 30 seconds) and recovery codes for the day the phone is lost (SEC-05).

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE32_NOPAD;
use fast_qr::convert::Builder as _;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;
use maud::PreEscaped;
use subtle::ConstantTimeEq;
use totp_rs::{Builder, Totp};

use crate::clock::Timestamp;
use crate::random::Random;

const SECRET_BYTES: usize = 20;
/// So many recovery codes are given at once.
pub const RECOVERY_CODES: usize = 10;
/// 80 bits each: beyond guessing, so that a plain digest keeps them.
const RECOVERY_BYTES: usize = 10;

/// A new secret to share with an authenticator app.
pub fn new_secret(random: &dyn Random) -> Vec<u8> {
    random.bytes::<SECRET_BYTES>().to_vec()
}

/// The secret as people type it into an app: base 32, in groups of four.
pub fn spelled(secret: &[u8]) -> String {
    in_groups(&BASE32_NOPAD.encode(secret), " ")
}

/// Reads what [`spelled`] wrote, spaces or not, in either case.
pub fn read_secret(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let secret = BASE32_NOPAD.decode(compact.to_ascii_uppercase().as_bytes()).ok()?;
    (secret.len() == SECRET_BYTES).then_some(secret)
}

fn in_groups(text: &str, between: &str) -> String {
    // Base 32 is ASCII: every fourth byte is a border.
    let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..text.len().min(at + 4)]).collect();
    groups.join(between)
}

fn totp(secret: &[u8]) -> Totp {
    Builder::new().with_secret(secret).build_noncompliant()
}

/// The address that a QR code hands to an app. `account` and `issuer` are what the app shows.
pub fn otpauth_url(secret: &[u8], account: &str, issuer: &str) -> String {
    let encode = |text: &str| {
        // A colon parts issuer and account, so neither may hold one.
        let text = text.replace(':', " ");
        percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let (account, issuer, secret) = (encode(account), encode(issuer), BASE32_NOPAD.encode(secret));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    )
}

/// The address as a QR code; `None` if it is too long for one.
pub fn qr_svg(url: &str) -> Option<PreEscaped<String>> {
    let code = QRBuilder::new(url).build().ok()?;
    Some(PreEscaped(SvgBuilder::default().margin(4).to_str(&code)))
}

/// Checks a code at `now`, one step early or late included, and gives the step it belongs to. A
/// code is good once: `last_used` is the step of the last one that was taken (0 before the first).
pub fn verify(secret: &[u8], code: &str, now: Timestamp, last_used: u64) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now.as_millis() / 1000).ok()?;
    totp(secret).check(&code, seconds).filter(|step| *step > last_used)
}

/// New recovery codes, to be shown once.
pub fn new_recovery_codes(random: &dyn Random) -> Vec<String> {
    let code = || in_groups(&BASE32_NOPAD.encode(&random.bytes::<RECOVERY_BYTES>()).to_lowercase(), "-");
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// The digest under which a recovery code is kept, however it is typed.
pub fn recovery_digest(code: &str) -> [u8; 32] {
    let compact: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut kept = [0; 32];
    kept.copy_from_slice(digest(&SHA256, compact.to_ascii_lowercase().as_bytes()).as_ref());
    kept
}

/// Takes a recovery code out of `kept` if it is one of them.
pub fn use_recovery_code(kept: &mut Vec<[u8; 32]>, code: &str) -> bool {
    let typed = recovery_digest(code);
    let before = kept.len();
    kept.retain(|digest| !bool::from(digest.ct_eq(&typed)));
    kept.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemSource;

    const RFC_SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B (SHA-1), the last six of eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).ok();
            assert_eq!(verify(RFC_SECRET, code, at(seconds), 0), step, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute_and_a_half() {
        let step = verify(RFC_SECRET, "081 804", at(1_111_111_109), 0).expect("good");
        assert_eq!(verify(RFC_SECRET, "081804", at(1_111_111_109), step), None);
        assert_eq!(verify(RFC_SECRET, "081804", at(1_111_111_109 + 30), 0), Some(step));
        assert_eq!(verify(RFC_SECRET, "081804", at(1_111_111_109 - 30), 0), Some(step));
        assert_eq!(verify(RFC_SECRET, "081804", at(1_111_111_109 + 90), 0), None);
        for code in ["", "08180", "0818040", "abcdef", "８８８８８８"] {
            assert_eq!(verify(RFC_SECRET, code, at(59), 0), None, "{code}");
        }
    }

    #[test]
    fn a_secret_is_read_as_it_is_spelled() {
        let secret = new_secret(&SystemSource::new());
        assert_eq!(read_secret(&spelled(&secret)), Some(secret.clone()));
        assert_eq!(read_secret(&spelled(&secret).to_lowercase().replace(' ', "")), Some(secret));
        assert_eq!(read_secret("ABCD"), None);
        assert_eq!(read_secret("not base 32!"), None);
    }

    #[test]
    fn the_address_names_shop_and_account() {
        let url = otpauth_url(RFC_SECRET, "zoe@example.com", "小卖部: tea & more");
        assert!(url.starts_with("otpauth://totp/%E5%B0%8F"), "{url}");
        assert!(url.contains("zoe%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer="), "{url}");
        let read = Totp::from_url(&url).expect("authenticators read it");
        assert_eq!(read.generate(59).to_string(), "287082");
    }

    #[test]
    fn the_picture_needs_no_style() {
        let svg = qr_svg(&otpauth_url(RFC_SECRET, "zoe@example.com", "Tuckshop")).expect("short enough").0;
        assert!(svg.starts_with("<svg ") && !svg.contains("style"), "{}", &svg[..200]);
        assert!(qr_svg(&"x".repeat(10_000)).is_none());
    }

    #[test]
    fn a_recovery_code_is_good_once() {
        let codes = new_recovery_codes(&SystemSource::new());
        let mut kept: Vec<[u8; 32]> = codes.iter().map(|code| recovery_digest(code)).collect();
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert_eq!(codes[0].len(), 19);
        assert!(!use_recovery_code(&mut kept, "aaaa-bbbb-cccc-dddd"));
        assert!(use_recovery_code(&mut kept, &codes[3].to_uppercase().replace('-', " ")));
        assert!(!use_recovery_code(&mut kept, &codes[3]));
        assert_eq!(kept.len(), RECOVERY_CODES - 1);
    }
}
