//! How rooms say what they store: [`record!`] for a structure and what kind of data each of its fields is,
//! [`tables!`] for the tables of a file. Both write the register while they write the type, so that neither
//! can fall behind the other.

/// A stored structure: each field with its [`crate::classes::DataKind`], and `of Part` where the field holds
/// one or more of another stored structure (DEF-01, SEC-10).
///
/// ```text
/// record! {
///     /// A parcel on its way.
///     #[derive(Clone, Debug)]
///     pub struct Parcel {
///         pub at: Timestamp = Property,
///         pub tracking: String = Basic,
///         pub address: Address = Basic of Address,
///     }
/// }
/// ```
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty = $kind:ident $(of $part:ty)? ),*
            $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(serde::Serialize, serde::Deserialize)]
        $vis struct $name {
            $( $(#[$field_meta])* $field_vis $field: $type, )*
        }

        impl $crate::store::Record for $name {
            const FIELDS: &'static [$crate::store::Field] =
                &[$( $crate::store::field!($field, $kind $(, $part)?) ),*];
        }
    };
}

/// One field of [`record!`].
macro_rules! field {
    ($field:ident, $kind:ident) => {
        $crate::store::Field::new(stringify!($field), $crate::classes::DataKind::$kind)
    };
    ($field:ident, $kind:ident, $part:ty) => {
        $crate::store::Field::of::<$part>(stringify!($field), $crate::classes::DataKind::$kind)
    };
}

/// The tables of a file, and `TABLES`, the list of them that its room hands to the register.
///
/// ```text
/// tables! {
///     /// By their number.
///     pub ORDERS: OrderNumber => OrderRow = "orders" of Ledger;
/// }
/// ```
macro_rules! tables {
    ( $( $(#[$meta:meta])* $vis:vis $name:ident: $key:ty => $row:ty = $text:literal of $class:ident; )* ) => {
        $(
            $(#[$meta])*
            $vis const $name: $crate::store::Table<$key, $row> =
                $crate::store::Table::new($text, $crate::classes::Class::$class);
        )*

        /// Every table of this file.
        pub(super) const TABLES: &[$crate::store::TableInfo] = &[$( $name.info() ),*];
    };
}

pub(crate) use {field, record, tables};
