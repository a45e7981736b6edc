import type { Hdf5File } from '../archive/hdf5-file.ts';
import { errors } from '../errors.ts';
import { type NamedWeight, NamedWeights } from './named.ts';
import type { LayerPlace, RawWeight, WeightSource, WeightSpec } from './source.ts';

/** Weights of a Keras 3 file (`model.weights.h5`): `layers/conv2d/vars/0`, in the order in which a layer makes its variables. */
export class FolderWeights implements WeightSource {
  private readonly file: Hdf5File;
  /** Keras 2.13 called the folder `layers` otherwise. */
  private readonly early: boolean;

  constructor(file: Hdf5File) {
    this.file = file;
    this.early = file.kind('/layers') === undefined && file.kind('/_layer_checkpoint_dependencies') === 'group';
  }

  find(place: LayerPlace, specs: readonly WeightSpec[]): RawWeight[] {
    const next = new Map<string, number>();
    return specs.map((spec) => {
      const owner = spec.owner ?? '';
      const index = next.get(owner) ?? 0;
      next.set(owner, index + 1);
      const paths = this.folders(place.folder, owner).map((folder) => `${folder}/vars/${index}`);
      const path = paths.find((candidate) => this.file.kind(candidate) === 'dataset');
      if (path === undefined) throw errors.weightMissing(place.label, spec.name, `'${paths[0]}'`);
      return this.file.dataset(path);
    });
  }

  /** An inner layer lies under the name of its attribute, which has a `_` before it in some versions. */
  private folders(folder: string, owner: string): string[] {
    const base = this.early ? folder.replaceAll(/(^|\/)layers(?=\/|$)/g, '$1_layer_checkpoint_dependencies') : folder;
    return owner === '' ? [base] : [`${base}/${owner}`, `${base}/_${owner}`];
  }
}

/** True for the lists of the older layout: whole models (`model_weights`) and `save_weights` of Keras 2. */
export function legacyRoot(file: Hdf5File): string | undefined {
  if (file.texts('/model_weights', 'layer_names')) return '/model_weights';
  return file.texts('/', 'layer_names') ? '/' : undefined;
}

/** Weights of an HDF5 file of the older layout. */
export function legacyWeights(file: Hdf5File, root: string): WeightSource {
  const base = root === '/' ? '' : root;
  const groups = new Map<string, NamedWeight[]>();
  for (const layer of file.texts(root, 'layer_names') ?? []) {
    const group = `${base}/${layer}`;
    const names = file.texts(group, 'weight_names') ?? [];
    groups.set(
      layer,
      names.map((name) => ({ name, weight: () => file.dataset(`${group}/${name}`) })),
    );
  }
  return new NamedWeights(groups);
}
