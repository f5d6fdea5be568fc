//! The back office of categories.

use axum::extract::Path;

use super::admin::{refusal_of, title_of};
use super::admin_category_pages;
use super::reader::read;
use super::records::{Bilingual, CategoryId};
use super::routes::asked_of;
use super::rules::{self, CategoryEdit};
use super::slug;
use crate::front::{self, Page};
use crate::locale::Text;
use crate::refusal::{Problem, Refusal};
use crate::store::Decided;
use crate::t;
use crate::web::ui::Problems;
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

pub(super) const HERE: &str = "/admin/categories";
/// The longest description of a category, in letters.
const MOST_DESCRIPTION: usize = 2000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/categories", Who::Staff, list),
        post("/admin/categories", Who::Staff, "adds a category", add),
        get("/admin/categories/{id}", Who::Staff, show),
        post("/admin/categories/{id}", Who::Staff, "changes a category", change),
        post("/admin/categories/{id}/up", Who::Staff, "moves a category", up),
        post("/admin/categories/{id}/down", Who::Staff, "moves a category", down),
        post("/admin/categories/{id}/delete", Who::Staff, "deletes an empty category", delete),
    ]
}

fn category_id(text: &str) -> Decided<CategoryId> {
    Ok(text.parse().map(CategoryId).map_err(|_| Refusal::not_found())?)
}

async fn list(visit: Visit) -> Answer {
    Ok(page(list_page(&visit, &Form::default(), &Problems::new())?))
}

fn list_page(visit: &Visit, form: &Form, problems: &Problems) -> Decided<maud::Markup> {
    let l = visit.locale;
    let catalogue = read(&visit.shop)?;
    let title = t!(l, "Categories", "分类");
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    let said = asked_of(visit);
    let main = admin_category_pages::categories(l, &catalogue, form, problems, said.raw("said"));
    let visit = Visit { path: HERE.to_owned(), ..visit.clone() };
    Ok(front::admin_page(&visit, &about, HERE, main)?)
}

async fn add(visit: Visit, form: Form) -> Answer {
    match put(&visit, None, &form).await {
        Ok(_) => Ok(see(&format!("{HERE}?said=added"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            Ok(refused(&refusal, list_page(&visit, &form, &front::problems_of(&visit, &refusal))?))
        }
    }
}

async fn put(visit: &Visit, id: Option<CategoryId>, form: &Form) -> Decided<CategoryId> {
    let mut problems = Vec::new();
    let title = title_of(form, &mut problems);
    let slug = form.line("slug", slug::MOST, &mut problems);
    if !slug.is_empty() && !slug::is_sound(&slug) {
        let said = Text::new("Use letters, digits, -, _ and . only.", "只能使用文字、数字、-、_ 和 .。");
        problems.push(Problem::new("slug", said));
    }
    let description = Bilingual {
        en: form.lines("description", MOST_DESCRIPTION, &mut problems),
        zh: form.lines("description_zh", MOST_DESCRIPTION, &mut problems),
    };
    Refusal::unless_empty(problems)?;
    let edit = CategoryEdit { slug, title, description };
    visit.shop.store.commit(move |plan| rules::decide_category(plan, id, edit)).await
}

async fn show(visit: Visit, Path(id): Path<String>) -> Answer {
    Ok(page(edit_page(&visit, category_id(&id)?, None, &Problems::new())?))
}

fn edit_page(
    visit: &Visit,
    id: CategoryId,
    form: Option<&Form>,
    problems: &Problems,
) -> Decided<maud::Markup> {
    let l = visit.locale;
    let catalogue = read(&visit.shop)?;
    let category = catalogue.category(id).ok_or_else(Refusal::not_found)?;
    let title = category.row.title.get(l);
    let about = Page { title, has_problems: !problems.is_empty(), ..Page::default() };
    let inside = catalogue.held().get(&id).copied().unwrap_or(0);
    let said = asked_of(visit);
    let main = admin_category_pages::category(l, category, inside, form, problems, said.raw("said"));
    let visit = Visit { path: format!("{HERE}/{}", id.0), ..visit.clone() };
    Ok(front::admin_page(&visit, &about, HERE, main)?)
}

async fn change(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let id = category_id(&id)?;
    match put(&visit, Some(id), &form).await {
        Ok(id) => Ok(see(&format!("{HERE}/{}?said=saved", id.0))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, edit_page(&visit, id, Some(&form), &problems)?))
        }
    }
}

async fn up(visit: Visit, Path(id): Path<String>) -> Answer {
    shift(visit, &id, true).await
}

async fn down(visit: Visit, Path(id): Path<String>) -> Answer {
    shift(visit, &id, false).await
}

async fn shift(visit: Visit, id: &str, up: bool) -> Answer {
    let id = category_id(id)?;
    visit.shop.store.commit(move |plan| rules::decide_move_category(plan, id, up)).await?;
    Ok(see(HERE))
}

async fn delete(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = category_id(&id)?;
    match visit.shop.store.commit(move |plan| rules::decide_delete_category(plan, id)).await {
        Ok(()) => Ok(see(&format!("{HERE}?said=deleted"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, edit_page(&visit, id, None, &problems)?))
        }
    }
}
