"""The curve of a training of StarGAN against true edits: python tools/stargan_curve.py RUN_FOLDER, see `dflib.studies.stargan_curve`."""
import sys

from dflib.studies.stargan_curve import main

if __name__ == "__main__":
    main(sys.argv[1])
