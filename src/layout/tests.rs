use proptest::prelude::*;

use super::*;
use crate::engine::view::{Overlay, RowId};

fn size(width: u16, height: u16) -> Size {
    Size::new(width, height)
}

#[test]
fn small_terminals_ask_for_room() {
    for (name, scene) in samples::all() {
        for small in [size(20, 5), size(39, 40), size(200, 7), size(0, 0)] {
            let regions = arrange(&scene, small);
            assert_eq!(regions.body, BodyRegions::TooSmall, "{name} at {small}");
            assert_eq!(regions.hit(0, 0), None);
        }
    }
}

#[test]
fn the_job_table_keeps_its_rows() {
    let page = |width, height| arrange(&samples::overview(), size(width, height)).page;
    assert_eq!(page(80, 24), size(80, 10));
    assert_eq!(page(200, 50), size(200, 36));
    assert_eq!(page(40, 8), size(40, 1));
}

#[test]
fn clicks_find_their_rows() {
    let scene = samples::overview();
    let regions = arrange(&scene, size(120, 36));
    assert_eq!(
        regions.hit(20, 4),
        Some(&Hit::Row(RowId::Name("runner-large".into())))
    );
    let BodyRegions::Overview(parts) = &regions.body else {
        panic!("an overview");
    };
    let table = parts.table.as_ref().expect("jobs");
    assert_eq!(
        regions.hit(table.columns[1].x, table.head.y),
        Some(&Hit::Column(1))
    );
    assert_eq!(
        regions.hit(5, table.rows.y + 2),
        Some(&Hit::Row(RowId::Number(2)))
    );
    assert_eq!(regions.hit(1, 35), Some(&Hit::Hint(0)));
    assert_eq!(regions.hit(0, 0), None);
    assert_eq!(regions.hit(500, 500), None);
}

#[test]
fn an_overlay_covers_what_lies_below() {
    let scene = samples::over(samples::table(), samples::menu());
    let regions = arrange(&scene, size(80, 24));
    assert_eq!(regions.hit(5, 4), None);
    let Some(OverlayRegions::Menu { entries, .. }) = &regions.overlay else {
        panic!("a menu");
    };
    assert_eq!(
        regions.hit(entries.area.x, entries.area.y + 1),
        Some(&Hit::Choice(1))
    );
}

#[test]
fn a_long_menu_keeps_the_chosen_entry_in_sight() {
    let entries = (0..300)
        .map(|at| (format!("namespace-{at}"), String::new(), String::new()))
        .collect();
    let menu = Overlay::Menu {
        title: "namespaces".to_owned(),
        entries,
        chosen: 250,
    };
    let regions = arrange(&samples::over(samples::table(), menu), size(80, 24));
    let Some(OverlayRegions::Menu { entries, .. }) = &regions.overlay else {
        panic!("a menu");
    };
    assert!((entries.first..entries.first + entries.shown).contains(&250));
}

/// All rectangles of a debug print lie inside the terminal.
fn inside(regions: &Regions) -> bool {
    regions
        .hits
        .iter()
        .all(|(area, _)| area.is_empty() || regions.area.union(*area) == regions.area)
}

proptest! {
    #[test]
    fn no_size_is_too_odd(width in 1u16..=500, height in 1u16..=200) {
        for (name, scene) in samples::all() {
            let regions = arrange(&scene, size(width, height));
            prop_assert!(inside(&regions), "{} at {}x{}", name, width, height);
            prop_assert!(regions.page.height <= height && regions.page.width <= width);
        }
    }
}

#[test]
fn help_scrolls_where_it_does_not_fit() {
    use crate::layout::overlay::HelpLine;

    let Overlay::Help { groups, .. } = samples::help() else {
        panic!("help");
    };
    let at = |by, size| {
        let overlay = Overlay::Help {
            groups: groups.clone(),
            by,
        };
        let scene = samples::over(samples::table(), overlay);
        match arrange(&scene, size).overlay {
            Some(OverlayRegions::Help(help)) => help,
            other => panic!("{other:?}"),
        }
    };
    let large = at(5, size(200, 50));
    assert_eq!((large.more, large.lines[0].0), (0, HelpLine::Group(0)));
    let small = |by| at(by, size(50, 14));
    let top = small(0);
    assert_eq!(top.lines[0].0, HelpLine::Group(0));
    assert!(top.more > 0);
    assert_eq!(small(1).lines[0].0, HelpLine::Entry(0, 0));
    assert_eq!(
        small(1).lines.first().map(|l| l.1.y),
        Some(top.lines[0].1.y)
    );
    // Up from the top leads to the end, down from there to the top.
    let last = HelpLine::Entry(groups.len() - 1, groups[groups.len() - 1].1.len() - 1);
    assert_eq!(small(-1).lines.last().map(|l| l.0), Some(last));
}
