"""The look of the portal: states, pictures, the frame's navigation, and the living page of components."""
