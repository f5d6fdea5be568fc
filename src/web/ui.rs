//! The pieces that pages are built from. Every function gives markup and keeps no state; no page
//! needs script. The classes live in `assets/css/shop.css`; what `data-` attributes do is in
//! `assets/js/shop.js`.

mod forms;
mod frame;
mod lists;
mod pieces;
mod products;

pub use forms::*;
pub use frame::*;
pub use lists::*;
pub use pieces::*;
pub use products::*;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;

    fn rendered(field: Field<'_>) -> String {
        field.render().into_string()
    }

    #[test]
    fn a_form_without_problems_shows_no_summary() {
        assert_eq!(error_summary(Locale::En, &Problems::new()).into_string(), "");
    }

    #[test]
    fn a_problem_is_tied_to_its_field_and_linked_from_the_summary() {
        let mut problems = Problems::new();
        problems.add("phone", "Enter a mobile number.");
        let field = rendered(Field::tel("phone", "Mobile").hint("For the courier.").problems(&problems));
        assert!(field.contains(r#"aria-describedby="phone-hint phone-problem""#), "{field}");
        assert!(field.contains(r#"aria-invalid="true""#), "{field}");
        let summary = error_summary(Locale::En, &problems).into_string();
        assert!(summary.contains(r##"<a href="#phone">Enter a mobile number.</a>"##), "{summary}");
    }

    #[test]
    fn a_password_is_never_shown_again() {
        assert!(!rendered(Field::password("password", "Password").value("hunter2")).contains("hunter2"));
    }

    #[test]
    fn the_summary_leads_to_the_first_radio() {
        let field =
            rendered(Field::radios("payment", "Payment").options([("cod", "Cash"), ("alipay", "Alipay")]));
        assert!(field.contains(r#"id="payment" name="payment" value="cod""#), "{field}");
        assert!(field.contains(r#"id="payment-2" name="payment" value="alipay""#), "{field}");
    }

    #[test]
    fn what_was_typed_is_kept_as_typed() {
        let field = rendered(Field::textarea("note", "Note").value("\n<b> & \"x\""));
        assert!(field.contains("\n\n&lt;b&gt; &amp; &quot;x&quot;</textarea>"), "{field}");
    }

    #[test]
    fn the_first_page_of_a_list_has_the_plain_address() {
        let pages = pagination(Locale::En, "/search?q=tea", 2, 3).into_string();
        assert!(pages.contains(r#"href="/search?q=tea""#), "{pages}");
        assert!(pages.contains("/search?q=tea&amp;page=3"), "{pages}");
    }
}
