//! `tuckshop init`: a data dir with its keys, its owner and its recovery key.

use clap::Args;
use zeroize::Zeroizing;

use super::{DONE, FAILED, MISUSED, complain, refuse, say};
use crate::config::Config;
use crate::locale::Locale;
use crate::opening::{Lock, Opener, Purpose};
use crate::shop::Shop;
use crate::{backup, passwords, staff};

#[derive(Args)]
pub struct InitArgs {
    /// The owner's email, to sign in with; the password comes from TUCKSHOP_OWNER_PASSWORD or a prompt
    #[arg(long, value_name = "EMAIL", value_parser = super::values::email)]
    owner_email: String,
    /// Keep the master key in the data dir, where whoever takes the one has the other
    #[arg(long)]
    accept_key_beside_data: bool,
}

pub fn run(config: Config, args: &InitArgs) -> i32 {
    let email = &args.owner_email;
    let password = match owner_password() {
        Ok(password) => password,
        Err(message) => {
            complain(&message);
            return MISUSED;
        }
    };
    if let Some(problem) = passwords::check_strength(&password, &[email]) {
        complain(&format!("TUCKSHOP_OWNER_PASSWORD: {}", problem.get(Locale::En)));
        return MISUSED;
    }
    let lock = match Lock::take(&config.store.data_dir) {
        Ok(lock) => lock,
        Err(error) => return refuse(&error),
    };
    let url = config.site.url_at(config.site.listen);
    let mut opener = Opener::new(config, Purpose::Serve);
    opener.accept_key_beside_data = args.accept_key_beside_data;
    let shop = match opener.open_or_make(&url) {
        Ok(shop) => shop,
        Err(error) => return refuse(&error),
    };
    let code = match make_owner(&shop, email, &password) {
        Ok(()) => DONE,
        Err(message) => {
            complain(&message);
            FAILED
        }
    };
    shop.store.close();
    drop(lock);
    code
}

fn owner_password() -> Result<Zeroizing<String>, String> {
    if let Ok(password) = std::env::var("TUCKSHOP_OWNER_PASSWORD") {
        return Ok(Zeroizing::new(password));
    }
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err("the owner's password is missing; set TUCKSHOP_OWNER_PASSWORD".to_owned());
    }
    let ask = |prompt| rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|e| e.to_string());
    let first = ask("Password for the owner: ")?;
    let second = ask("Once more: ")?;
    if first == second { Ok(first) } else { Err("the two passwords differ".to_owned()) }
}

fn make_owner(shop: &Shop, email: &str, password: &str) -> Result<(), String> {
    let has_owner = shop.store.view().and_then(|view| staff::has_owner(&view)).map_err(|e| e.to_string())?;
    if has_owner {
        return Err(format!("{} has an owner already", shop.dir.display()));
    }
    let hash = passwords::hash(password, &*shop.random);
    let random = shop.random.clone();
    let name = email.split('@').next().unwrap_or(email).to_owned();
    let address = email.to_owned();
    // The key first: an owner without one could make no backup.
    let key = backup::make_recovery_key(shop).map_err(|error| error.to_string())?;
    shop.store
        .commit_blocking(move |plan| staff::add(plan, &*random, &name, &address, hash, true))
        .map_err(|stop| stop.to_string())?;
    say(&format!("Made {} with its owner {email}.", shop.dir.display()));
    say("");
    say("Recovery key, shown once. Print it and keep it apart from the server: with it, and it");
    say("alone, a backup opens on an empty machine.");
    say("");
    say(key.text.trim_end());
    say("");
    say("Next: tuckshop serve");
    Ok(())
}
