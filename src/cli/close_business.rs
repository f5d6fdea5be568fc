//! `tuckshop close-business`: the notice that the business closes, and its calling off (RET-08).

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::verbs::Report;
use crate::classes::Class;
use crate::closing;
use crate::orders;
use crate::refusal::Decided;
use crate::shop::Shop;

#[derive(Args, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
pub struct CloseBusinessArgs {
    /// The day on which it closes, such as 2027-01-31: thirty days from now at the earliest
    #[arg(long, value_name = "DATE", value_parser = super::values::day)]
    on: Option<String>,
    /// Call it off; possible until the day
    #[arg(long)]
    call_off: bool,
}

pub async fn perform(shop: &Shop, args: CloseBusinessArgs, json: bool) -> Report {
    let done = match &args.on {
        Some(on) => announce(shop, on, json).await,
        None => call_off(shop, json).await,
    };
    done.unwrap_or_else(|stop| match &args.on {
        Some(_) => Report::failed(format!("--on: {stop}")),
        None => Report::failed(format!("--call-off: {stop}")),
    })
}

async fn announce(shop: &Shop, on: &str, json: bool) -> Decided<Report> {
    let standing = closing::announce(shop, on).await?;
    tracing::warn!(day = %standing.day, "the closing of the business is announced");
    let view = shop.store.view()?;
    let (accounts, running) = (view.living(Class::Account)?, orders::running(&view)?);
    let (said, day) = (standing.announced, standing.day);
    if json {
        return Ok(Report::json(&json!({
            "announced": said.to_string(), "on": day.day(shop.zone()), "closes": day.to_string(),
            "accounts": accounts, "running_orders": running,
        })));
    }
    let day = day.minute(shop.zone());
    Ok(Report::done(format!(
        "The business closes on {day}. Every page says so from now on, and each customer is told.\nThen all data \
         about people is erased, in every backup too: {accounts} accounts now; {running} orders under way are \
         finished first.\nUntil then `tuckshop close-business --call-off` calls it off.\n"
    )))
}

async fn call_off(shop: &Shop, json: bool) -> Decided<Report> {
    closing::call_off(shop).await?;
    tracing::warn!("the closing of the business is called off");
    if json {
        return Ok(Report::json(&json!({"called_off": true})));
    }
    Ok(Report::done("The closing is called off. Whoever was told is told so.\n".to_owned()))
}
