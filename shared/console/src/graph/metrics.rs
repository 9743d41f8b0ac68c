//! Sizes and distances: of a picture in pixels, and of one in the cells of a terminal.
//!
//! Only what is here tells the two apart: one layout serves both.

use super::text::Font;

/// Every size and distance that the layout keeps to, in one unit.
#[derive(Debug, Clone, Copy)]
pub struct Metrics {
    pub(super) name_font: Font,
    pub(super) label_font: Font,
    /// The widest name of a state, in one line.
    pub(super) name_width_max: i32,
    /// The widest name of a box.
    pub(super) title_width_max: i32,
    pub(super) label_width_max: i32,
    /// What a state is wider than its name, for the icon and the air around.
    pub(super) name_padding: i32,
    pub(super) label_padding: i32,
    pub(super) node_width_min: i32,
    /// By the lines of the name: of one, of two.
    pub(super) node_heights: [i32; 2],
    pub(super) bubble: Size,
    pub(super) label_height: i32,

    /// Between two states of a row.
    pub(super) node_gap: i32,
    /// Between a line or label and whatever is beside it.
    pub(super) line_gap: i32,
    /// Between a state and the first line along its side, and between such lines.
    pub(super) lane: i32,
    /// Between a state and the label of a line that leaves at its side.
    pub(super) side_label_gap: i32,
    /// Between the places at the side of a state where lines leave and enter.
    pub(super) slot: i32,
    /// What a state is higher than the places at its side are apart.
    pub(super) slot_margin: i32,
    /// From the top of a box to where lines enter at its side, and from its bottom to where they leave.
    pub(super) box_slot: i32,
    /// How far right of the middle a caught error leaves, and how far right another line enters.
    pub(super) catch_out: i32,
    pub(super) catch_in: i32,
    /// What those keep away from the corner of a narrow state.
    pub(super) corner: i32,

    /// Between two pieces of lines that run side by side.
    pub(super) track: i32,
    /// Below a row of states, and below one that has only labels.
    pub(super) above_tracks: [i32; 2],
    /// Above a row of states, with room for an arrow, and above one that has only labels.
    pub(super) below_tracks: [i32; 2],
    /// Upright pieces that are nearer than this touch.
    pub(super) touch: i32,
    /// Pieces on one track keep so far apart.
    pub(super) track_gap: i32,

    pub(super) box_header: i32,
    pub(super) box_padding: i32,
    pub(super) box_title_padding: i32,
    pub(super) branch_gap: i32,
    pub(super) margin: i32,
    /// Widths are rounded up to odd ones, so that every state has a cell in its middle.
    pub(super) has_odd_widths: bool,
}

/// A width and a height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: i32,
    /// From top to bottom.
    pub height: i32,
}

impl Metrics {
    /// For a picture.
    pub const PIXELS: Self = Self {
        name_font: Font::Pixels(13),
        label_font: Font::Pixels(11),
        name_width_max: 176,
        title_width_max: 260,
        label_width_max: 150,
        name_padding: 44,
        label_padding: 10,
        node_width_min: 120,
        node_heights: [40, 48],
        bubble: Size {
            width: 60,
            height: 28,
        },
        label_height: 16,
        node_gap: 28,
        line_gap: 16,
        lane: 16,
        side_label_gap: 8,
        slot: 18,
        slot_margin: 20,
        box_slot: 18,
        catch_out: 40,
        catch_in: 18,
        corner: 16,
        track: 9,
        above_tracks: [14, 6],
        below_tracks: [20, 8],
        touch: 5,
        track_gap: 8,
        box_header: 36,
        box_padding: 16,
        box_title_padding: 66,
        branch_gap: 24,
        margin: 20,
        has_odd_widths: false,
    };

    /// For a terminal.
    pub const CELLS: Self = Self {
        name_font: Font::Cells,
        label_font: Font::Cells,
        name_width_max: 28,
        title_width_max: 40,
        label_width_max: 26,
        name_padding: 4,
        label_padding: 2,
        node_width_min: 9,
        node_heights: [3, 4],
        bubble: Size {
            width: 9,
            height: 1,
        },
        label_height: 1,
        node_gap: 3,
        line_gap: 2,
        lane: 2,
        side_label_gap: 2,
        slot: 1,
        slot_margin: 3,
        box_slot: 2,
        catch_out: 4,
        catch_in: 2,
        corner: 1,
        track: 1,
        above_tracks: [1, 0],
        below_tracks: [2, 1],
        touch: 1,
        track_gap: 1,
        box_header: 3,
        box_padding: 2,
        box_title_padding: 15,
        branch_gap: 3,
        margin: 0,
        has_odd_widths: true,
    };

    /// A width that the layout can use.
    pub(super) fn width(&self, width: i32) -> i32 {
        // An even one has a middle between two pixels, which is where lines of pixels are at home.
        match self.has_odd_widths {
            true => width | 1,
            false => width + (width & 1),
        }
    }
}
