//! The rooms of the house, in the one list that there is. Its order is the order in which they are told of
//! what happens.

use std::sync::LazyLock;

use crate::room::Room;
use crate::store::{Hooks, Register, StoreResult, TableInfo, View};
use crate::web::{Route, Site, SiteAnswers};
use crate::{
    accounts, backup, cart, catalogue, closing, consent, export, front, history, machine, notify, orders,
    pages, policy, promises, requests, retention, secrets, sessions, settings, sharing, staff, store,
    support, web,
};

/// Every room.
pub static ROOMS: &[&Room] = &[
    &catalogue::ROOM,
    &notify::ROOM,
    &backup::ROOM,
    &staff::ROOM,
    &retention::ROOM,
    &sharing::ROOM,
    &policy::ROOM,
    &promises::ROOM,
    &requests::ROOM,
    &support::ROOM,
    &export::ROOM,
    &history::ROOM,
    &cart::ROOM,
    &orders::ROOM,
    &closing::ROOM,
    &consent::ROOM,
    &accounts::ROOM,
    &pages::ROOM,
    &machine::ROOM,
];

/// What is stored below the rooms.
const FLOOR: &[&[TableInfo]] = &[secrets::TABLES, settings::TABLES, sessions::TABLES];

/// All tables: the store opens no other, `tuckshop data-map` prints them, and each start compares them with
/// the types in the code.
pub fn tables() -> &'static [TableInfo] {
    static ALL: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
        let rooms = ROOMS.iter().flat_map(|room| room.tables);
        store::TABLES.iter().chain(FLOOR).chain(rooms).copied().flatten().copied().collect()
    });
    &ALL
}

/// What the rooms bring to the store.
pub fn register() -> Register {
    static HOOKS: LazyLock<Vec<&'static Hooks>> =
        LazyLock::new(|| ROOMS.iter().map(|room| &room.on).collect());
    Register { tables: tables(), hooks: &HOOKS }
}

/// Every fault that the store and the rooms find in the data, and how many records were read.
///
/// # Errors
/// If the store could not be read.
pub fn faults(view: &View<'_>) -> StoreResult<(Vec<String>, u64)> {
    let (mut faults, records) = view.faults()?;
    for check in ROOMS.iter().flat_map(|room| room.checks) {
        faults.extend(check(view)?);
    }
    Ok((faults, records))
}

/// What the router serves and asks.
pub fn site() -> Site {
    let answers = SiteAnswers { find_staff: staff::find_seat, refusal_page: front::refusal_page };
    Site { routes: routes(), answers }
}

/// All routes: the router serves no other, `tuckshop routes` prints them, and tests walk them.
pub fn routes() -> Vec<Route> {
    let mut all: Vec<Route> = ROOMS.iter().flat_map(|room| (room.routes)()).collect();
    all.extend(web::assets::routes());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::Class;
    use crate::store::codec::unregistered;
    use crate::store::holds_personal_data;

    #[test]
    fn sec_08_every_stored_field_is_registered() {
        for table in tables() {
            assert_eq!(unregistered(table.fields, (table.in_code)()), None, "table {}", table.name);
        }
    }

    #[test]
    fn no_personal_field_is_stored_unsealed() {
        for table in tables().iter().filter(|table| table.class == Class::Public) {
            assert!(!holds_personal_data(table.fields), "table {}", table.name);
        }
    }

    #[test]
    fn every_table_and_every_room_has_a_name_of_its_own() {
        let unique = |mut names: Vec<&str>| {
            names.sort_unstable();
            names.windows(2).all(|pair| pair[0] != pair[1])
        };
        assert!(unique(tables().iter().map(|table| table.name).collect()));
        assert!(unique(ROOMS.iter().map(|room| room.name).collect()));
    }
}
