//! Keys as the engine knows them: terminal libraries stay outside.

/// A key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// Held with it. Shift is already in the character of [`Code::Char`].
    pub mods: Mods,
}

impl Key {
    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self {
            code: Code::Char(c),
            mods: Mods::NONE,
        }
    }

    /// A character with Control.
    pub const fn ctrl(c: char) -> Self {
        Self {
            code: Code::Char(c),
            mods: Mods {
                ctrl: true,
                alt: false,
            },
        }
    }

    /// Another key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            mods: Mods::NONE,
        }
    }
}

/// Control and Alt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mods {
    /// Control.
    pub ctrl: bool,
    /// Alt or Meta.
    pub alt: bool,
}

impl Mods {
    /// Neither.
    pub const NONE: Self = Self {
        ctrl: false,
        alt: false,
    };
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A printed character; capitals carry their shift.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}
