//! SEC-02: nothing that names a person can be found in any file of the data dir.

use std::path::Path;

use crate::actors::{TestShop, fill_address, number_in};
use crate::program::{Remote, Running};

/// Every byte of every file under `dir`.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

fn where_found(dir: &Path, marker: &str) -> Vec<String> {
    let mut all = Vec::new();
    files(dir, &mut all);
    let wide: Vec<u8> = marker.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    all.into_iter()
        .filter(|(_, bytes)| holds(bytes, marker.as_bytes()) || holds(bytes, &wide))
        .map(|(name, _)| name)
        .collect()
}

const MARKERS: [&str; 9] = [
    "zhangxiaoling",
    "zhangxiaoling@example.com",
    "张晓玲",
    "13812345678",
    "解放路一百二十三号",
    "请放在门口的蓝色箱子里",
    "示例科技有限公司",
    "91330100MA27YYYYY9",
    "very rare search phrase",
];

#[tokio::test(flavor = "multi_thread")]
async fn sec_02_no_personal_byte_lies_in_the_clear_before_or_after_deletion() {
    let shop = TestShop::open().await;
    let (mut owner, mut person) = (shop.owner().await, shop.shopper("zhangxiaoling").await);
    person.get("/search?q=very%20rare%20search%20phrase").await.must_be(200);
    let form = fill_address(person.get("/account/addresses").await.form("/account/addresses"))
        .with("name", "张晓玲")
        .with("phone", "13812345678")
        .with("street", "解放路一百二十三号");
    person.submit(form).await.must_be(303);
    person.put_in_cart("mug", 1).await;
    let form = person.get("/checkout").await.form("/checkout");
    let saved = form.value("address").map(str::to_owned).expect("the saved address is chosen");
    let form = form
        .with("address", &saved)
        .with("delivery", "flat")
        .with("payment", "cod")
        .with("invoice_kind", "company")
        .with("invoice_title", "示例科技有限公司")
        .with("invoice_tax_id", "91330100MA27YYYYY9")
        .with("note", "请放在门口的蓝色箱子里");
    let page = person.submit(form).await;
    let number = number_in(page.leads_to());
    let path = format!("/admin/orders/{number}");
    let label = owner.get(&path).await.form(&format!("{path}/label"));
    owner.submit(label).await.must_say("张晓玲");
    shop.letters("zhangxiaoling@example.com").await;
    for marker in MARKERS {
        assert_eq!(where_found(shop.dir.path(), marker), Vec::<String>::new(), "{marker}");
    }
    let page = person.get("/account/addresses").await;
    let delete = page.forms().into_iter().find(|form| form.action.ends_with("/delete")).expect("a form");
    person.submit(delete).await.must_be(303);
    for marker in MARKERS {
        assert_eq!(where_found(shop.dir.path(), marker), Vec::<String>::new(), "{marker}, after deletion");
    }
    // The search itself finds what is there.
    assert!(!where_found(shop.dir.path(), "Stoneware mug").is_empty());
}

/// Registers over TCP with the code that the practice outbox shows.
fn register(running: &Running, remote: &mut Remote) {
    let form = remote.get("/register").expect("a page").form("/register");
    let form = form
        .with("account", MARKERS[0])
        .with("contact", MARKERS[1])
        .with("password", "seven blue lanterns hang")
        .with("agree", "on");
    assert_eq!(remote.submit(&form).expect("an answer").status, 303);
    // It leaves soon after, by itself.
    let asked = std::time::Instant::now();
    let letter = std::iter::repeat_with(|| asked.elapsed().as_secs() < 60)
        .take_while(|in_time| *in_time)
        .find_map(|_| {
            let page = running.visitor().get("/demo/outbox.json").expect("the outbox");
            let letters: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
            let all = letters.as_array().expect("a list");
            let own = all.iter().find(|letter| letter["to"].as_str() == Some(MARKERS[1]));
            own.and_then(|letter| letter["body"].as_str()).map(str::to_owned).or_else(|| {
                std::thread::yield_now();
                None
            })
        })
        .expect("a letter with the code");
    let is_code = |word: &&str| word.len() == 6;
    let code = letter.split(|c: char| !c.is_ascii_digit()).find(is_code).expect("a code").to_owned();
    let form = remote.get("/register/verify").expect("a page").form("/register/verify");
    let page = remote.submit(&form.with("code", &code)).expect("an answer");
    assert_eq!(page.status, 303, "{}", page.text());
}

#[test]
fn sec_02_the_most_talkative_run_names_nobody_in_its_files_or_on_stderr() {
    const FROM: &str = "203.0.113.77";
    let home = tempfile::tempdir().expect("a temporary folder");
    let stderr = home.path().join("stderr.log");
    let running = Running::talkative_demo(home.path(), &stderr);
    let mut person = running.visitor();
    person.from = Some(FROM);
    register(&running, &mut person);
    person.get("/search?q=very%20rare%20search%20phrase").expect("a page");
    let form = fill_address(person.get("/account/addresses").expect("a page").form("/account/addresses"))
        .with("name", MARKERS[2])
        .with("phone", MARKERS[3])
        .with("street", MARKERS[4]);
    assert_eq!(person.submit(&form).expect("an answer").status, 303);
    person.get("/account/orders/KWTR100042").expect("an answer");
    assert_eq!(running.stop(), 0);
    let said = std::fs::read_to_string(&stderr).expect("stderr");
    assert!(!said.is_empty(), "a talkative run says something");
    for marker in MARKERS.into_iter().chain([FROM]) {
        assert_eq!(where_found(home.path(), marker), Vec::<String>::new(), "{marker}");
    }
}
