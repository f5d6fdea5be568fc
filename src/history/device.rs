//! Reads the kind of device from what a browser says of itself (COL-05): class, system and browser by
//! name, without versions, so that it fits many and points at nobody.

use super::records::{DeviceKind, DeviceRow};
use crate::clock::Timestamp;
use crate::locale::Locale;

/// Words of a browser's name for itself, the telling ones first, and what they mean.
const SYSTEMS: [(&str, &str); 8] = [
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];
const BROWSERS: [(&str, &str); 9] = [
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("QQBrowser", "QQ Browser"),
    ("UCBrowser", "UC Browser"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
];

pub(super) fn read(agent: &str, language: Locale, last: Timestamp) -> DeviceRow {
    DeviceRow {
        kind: kind(agent),
        system: named(agent, &SYSTEMS),
        browser: named(agent, &BROWSERS),
        language,
        last,
    }
}

fn named(agent: &str, names: &[(&str, &str)]) -> String {
    let found = names.iter().find(|(word, _)| agent.contains(word));
    found.map_or(String::new(), |(_, name)| (*name).to_owned())
}

fn kind(agent: &str) -> DeviceKind {
    let is_tablet = agent.contains("iPad") || agent.contains("Tablet");
    // Android tablets leave 'Mobile' out.
    if is_tablet || (agent.contains("Android") && !agent.contains("Mobile")) {
        return DeviceKind::Tablet;
    }
    if agent.contains("Mobile") || agent.contains("iPhone") {
        DeviceKind::Phone
    } else {
        DeviceKind::Computer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn col_05_a_device_is_known_by_its_kind_alone() {
        let read = |agent| {
            let row = read(agent, Locale::En, Timestamp::default());
            (row.kind, row.system, row.browser)
        };
        let phone = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0";
        assert_eq!(read(phone), (DeviceKind::Phone, "Android".to_owned(), "WeChat".to_owned()));
        let tablet = "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
        assert_eq!(read(tablet), (DeviceKind::Tablet, "Android".to_owned(), "Chrome".to_owned()));
        let desk = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(read(desk), (DeviceKind::Computer, "Windows".to_owned(), "Edge".to_owned()));
        assert_eq!(read("curl/8"), (DeviceKind::Computer, String::new(), String::new()));
    }
}
