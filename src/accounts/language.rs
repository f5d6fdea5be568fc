//! The language switch in the head of every page.

use super::{change, find};
use crate::locale::{Locale, Text};
use crate::refusal::{Kind, Refusal};
use crate::sessions::Holder;
use crate::web::{Answer, Checked, Cookie, Route, Visit, Who, local_path, post, see, with_cookie};

pub fn routes() -> Vec<Route> {
    vec![post("/language", Who::Anyone, "the language of the pages", switch)]
}

async fn switch(visit: Visit, Checked(form): Checked) -> Answer {
    let unknown = || Refusal::of(Kind::Invalid, Text::new("Choose a language.", "请选择语言。"));
    let language = Locale::parse(form.raw("language")).ok_or_else(unknown)?;
    if let Some(Holder::Customer(subject)) = visit.customer.as_ref().map(|session| session.holder) {
        visit
            .shop
            .store
            .commit(move |plan| match find(plan, subject)? {
                Some(account) if account.language != language => {
                    Ok(change(plan, &super::Account { language, ..account })?)
                }
                _ => Ok(()),
            })
            .await?;
    }
    let back = local_path(form.raw("back"), "/");
    Ok(with_cookie(see(back), &visit.shop, Cookie::Language, language.tag()))
}
