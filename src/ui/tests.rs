use proptest::prelude::*;
use ratatui::layout::{Rect, Size};

use super::*;
use crate::layout::{arrange, samples};

fn painted(scene: &Scene, width: u16, height: u16, theme: &Theme) -> Buffer {
    let regions = arrange(scene, Size::new(width, height));
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(scene, &regions, theme, &mut buffer);
    buffer
}

fn dark(depth: Depth) -> Theme {
    Theme::built_in("dark", depth).expect("dark")
}

fn shown(mut scene: Scene, width: u16, height: u16) -> String {
    // As an engine does: as many rows as the page shows.
    let page = arrange(&scene, Size::new(width, height)).page;
    if let Some(table) = &mut scene.table {
        table.rows.truncate(usize::from(page.height));
    }
    if let Some(log) = &mut scene.log {
        log.lines.truncate(usize::from(page.height));
    }
    text::of(&painted(&scene, width, height, &dark(Depth::True)))
}

#[test]
fn screens_at_80x24() {
    for (name, scene) in samples::all() {
        insta::assert_snapshot!(format!("{name}-80x24"), shown(scene, 80, 24));
    }
}

#[test]
fn screens_at_120x36() {
    for (name, scene) in samples::all() {
        insta::assert_snapshot!(format!("{name}-120x36"), shown(scene, 120, 36));
    }
}

#[test]
fn screens_at_200x50() {
    for (name, scene) in samples::all() {
        insta::assert_snapshot!(format!("{name}-200x50"), shown(scene, 200, 50));
    }
}

#[test]
fn too_small_says_so() {
    assert_eq!(
        shown(samples::overview(), 20, 5),
        "too small: 20x5\nneeds 40x8\n\n\n\n"
    );
}

#[test]
fn without_colours_no_cell_has_one() {
    use ratatui::style::Color;
    for (name, scene) in samples::all() {
        let buffer = painted(&scene, 120, 36, &dark(Depth::None));
        for cell in &buffer.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name}");
        }
    }
}

#[test]
fn pictures_are_the_same_every_time() {
    let theme = dark(Depth::True);
    for (name, scene) in samples::all() {
        let picture = || svg::of(&painted(&scene, 80, 24, &theme), &theme);
        let first = picture();
        assert_eq!(first, picture(), "{name}");
        assert!(first.starts_with("<svg ") && first.ends_with("</svg>\n"));
        assert!(!first.contains("& "), "{name}: unescaped");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_size_panics(width in 1u16..=500, height in 1u16..=200) {
        let theme = dark(Depth::True);
        for (_, scene) in samples::all() {
            painted(&scene, width, height, &theme);
        }
    }
}
