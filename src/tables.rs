//! Every table of the shop, in one list: the store opens no other, `tuckshop data-map` prints it,
//! and each start compares it with the types in the code.

use std::sync::LazyLock;

use crate::classes::{Class, DataKind};
use crate::store::TableInfo;
use crate::store::codec::leaves;
use crate::{
    accounts, backup, cart, catalogue, closing, consent, export, history, notify, orders, policy, promises,
    requests, retention, secrets, sessions, settings, sharing, staff, store, support,
};

static ALL: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
    let mut all = store::floor::tables();
    all.extend(secrets::tables());
    all.extend(catalogue::tables());
    all.extend(accounts::tables());
    all.extend(cart::tables());
    all.extend(closing::tables());
    all.extend(orders::tables());
    all.extend(policy::tables());
    all.extend(promises::tables());
    all.extend(requests::tables());
    all.extend(support::tables());
    all.extend(staff::tables());
    all.extend(sharing::tables());
    all.extend(notify::tables());
    all.extend(backup::tables());
    all.extend(retention::tables());
    all.extend(consent::tables());
    all.extend(export::tables());
    all.extend(history::tables());
    all.extend([settings::SETTINGS.info(), sessions::SESSIONS.info(), sessions::SESSIONS_OF.info()]);
    all
});

/// All tables: the store's own, then those of the rooms.
pub fn all() -> &'static [TableInfo] {
    &ALL
}

/// Whether some table of the class stores a field of this kind (DEF-01).
pub fn stores(class: Class, kind: DataKind) -> bool {
    let of_class = all().iter().filter(|table| table.class == class);
    of_class.flat_map(|table| leaves(table.fields)).any(|(_, field)| field.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec::unregistered;
    use crate::store::holds_personal_data;

    #[test]
    fn sec_08_every_stored_field_is_registered() {
        for table in all() {
            assert_eq!(unregistered(table.fields, (table.in_code)()), None, "table {}", table.name);
        }
    }

    #[test]
    fn no_personal_field_is_stored_unsealed() {
        for table in all().iter().filter(|table| table.class == Class::Public) {
            assert!(!holds_personal_data(table.fields), "table {}", table.name);
        }
    }

    #[test]
    fn every_table_has_a_name_of_its_own() {
        let mut names: Vec<&str> = all().iter().map(|table| table.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
