"""Small StarGANs with their losses or data changed: python tools/stargan_experiments.py, see `dflib.studies.stargan`."""
from dflib.studies.stargan import main

if __name__ == "__main__":
    main()
