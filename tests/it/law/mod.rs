//! What holds for the whole product, whatever is added to it.
mod gate;
mod matrix;
mod sdl;
