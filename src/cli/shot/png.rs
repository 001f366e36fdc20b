//! An SVG of ours as PNG, with the font that comes with the program: the same bytes everywhere.
//!
//! It is in the program when it was built with the Cargo feature `png`.

/// Renders a picture.
///
/// # Errors
/// Why it cannot be.
#[cfg(feature = "png")]
pub(super) fn of(svg: &str) -> Result<Vec<u8>, String> {
    use resvg::tiny_skia::{Pixmap, Transform};
    use resvg::usvg::{Options, Tree, fontdb::Database};
    use std::sync::Arc;

    const REGULAR: &[u8] = include_bytes!("font/DejaVuSansMono.ttf");
    const BOLD: &[u8] = include_bytes!("font/DejaVuSansMono-Bold.ttf");
    /// Pixels of the picture for one of the SVG: sharp on screens with small ones.
    const SCALE: f32 = 2.0;

    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    let options = Options {
        font_family: "DejaVu Sans Mono".to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|e| e.to_string())?;
    let size = tree
        .size()
        .to_int_size()
        .scale_by(SCALE)
        .ok_or("too large")?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("too large")?;
    resvg::render(
        &tree,
        Transform::from_scale(SCALE, SCALE),
        &mut pixels.as_mut(),
    );
    pixels.encode_png().map_err(|e| e.to_string())
}

/// This program cannot.
#[cfg(not(feature = "png"))]
pub(super) fn of(_svg: &str) -> Result<Vec<u8>, String> {
    Err(
        "this constable was built without PNG: write .svg, or build it with `--features png`"
            .to_owned(),
    )
}
